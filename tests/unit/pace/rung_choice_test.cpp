#include "pace/rung_choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace dcdn::pace {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

/// As of compress/ladder.hpp, for C headers.
std::vector<RungCost> costs(double threads = 2) {
  return {{0.0005e-6, 3.75, threads}, {0.004e-6, 1.1, threads},   {0.006e-6, 1, threads},
          {0.015e-6, 0.94, threads},  {0.025e-6, 0.895, threads}, {0.53e-6, 0.805, 1},
          {1.3e-6, 0.795, 1}};
}
constexpr double kMegabit = 125'000;
constexpr std::uint64_t kSegment = 8u << 20;

/// A machine and content `slow` times as costly and `plain` times as long as the table says; a path of that
/// rate. Returns the rung after some segments of 8 MB, none less than a second apart.
struct Machine {
  double slow = 1;
  double plain = 0.266;  // of the headers, carried of content on rung 2

  std::uint8_t settle(RungChoice& choice, double rate, int segments = 60) {
    std::uint8_t rung = 0;
    choice.set_rate(rate);
    for (int i = 0; i < segments; ++i) {
      rung = choice.choose(now);
      const RungCost cost = costs()[rung];
      const double share = std::min(1.0, cost.share * plain);
      if (rung > 0)
        choice.made(8'000'000, static_cast<std::uint64_t>(8e6 * share), 8e6 * cost.seconds_a_byte * slow);
      const double path_s = 8e6 * share / rate;
      const double made_s = 8e6 * cost.seconds_a_byte * slow / cost.threads;
      if (made_s > path_s) choice.waited();
      now += microseconds(static_cast<std::int64_t>(1e6 * std::max({path_s, made_s, 1.0})));
    }
    return rung;
  }
  microseconds now{1};
};

TEST(RungChoice, FollowsTheLink) {
  Machine machine;
  for (const auto& [rate, expected] : std::vector<std::pair<double, int>>{{0.1 * kMegabit, 6},
                                                                          {1.0 * kMegabit, 6},
                                                                          {2.0 * kMegabit, 5},
                                                                          {10 * kMegabit, 4},
                                                                          {100 * kMegabit, 4},
                                                                          {200 * kMegabit, 3},
                                                                          {450 * kMegabit, 2},
                                                                          {3000 * kMegabit, 1}}) {
    RungChoice choice(costs(), 2, kSegment);
    EXPECT_EQ(machine.settle(choice, rate), expected) << rate / kMegabit << " Mbit/s";
  }
}

TEST(RungChoice, ARateThatIsMetAnewIsBelievedMoreTheLongerItHolds) {
  RungChoice choice(costs(), 2, kSegment);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(choice.choose(seconds(i)), 2) << "nothing is known";
  choice.set_rate(kMegabit / 2);
  EXPECT_EQ(choice.choose(seconds(5)), 2);
  EXPECT_EQ(choice.choose(seconds(6)), 4) << "a fraction of a second";
  EXPECT_EQ(choice.choose(seconds(12)), 4);
  EXPECT_EQ(choice.choose(seconds(17)), 5) << "4.5 s after 12";
  EXPECT_EQ(choice.choose(seconds(30)), 6) << "11 s after 25";
}

TEST(RungChoice, IsNeverRawWhereTheLeastRungCarriesMore) {
  // Of a path as fast as memory, on a machine that is slow: raw carries nearly 4 times the bytes.
  Machine machine{.slow = 10};
  RungChoice choice(costs(), 2, kSegment);
  EXPECT_GE(machine.settle(choice, 200 * kMegabit), 1);
  // And raw where even that is too slow.
  RungChoice fast(costs(), 2, kSegment);
  EXPECT_EQ(machine.settle(fast, 80'000 * kMegabit), 0);
}

TEST(RungChoice, GoesDownAtOnceAndUpSlowly) {
  Machine machine;
  RungChoice choice(costs(), 2, kSegment);
  EXPECT_EQ(machine.settle(choice, kMegabit), 6);
  choice.set_rate(100 * kMegabit);
  EXPECT_EQ(choice.choose(machine.now), 4);
  choice.set_rate(3 * kMegabit);
  EXPECT_EQ(choice.choose(machine.now + seconds(1)), 4);
  choice.set_rate(kMegabit);
  EXPECT_EQ(choice.choose(machine.now + seconds(2)), 6) << "the last step up is long ago";
  choice.set_rate(100 * kMegabit);
  EXPECT_EQ(choice.choose(machine.now + seconds(3)), 4);
  choice.set_rate(kMegabit);
  EXPECT_EQ(choice.choose(machine.now + seconds(4)), 4);
  EXPECT_EQ(choice.choose(machine.now + seconds(13)), 6);
}

TEST(RungChoice, AWaitOfThePathCountsForMoreThanTheTable) {
  Machine machine;
  RungChoice choice(costs(), 2, kSegment);
  EXPECT_EQ(machine.settle(choice, kMegabit / 2), 6);
  choice.waited();
  EXPECT_LT(choice.choose(machine.now + seconds(1)), 6);
  const std::uint8_t before = choice.choose(machine.now + seconds(2));
  choice.waited();
  EXPECT_LT(choice.choose(machine.now + seconds(20)), before) << "not up in the same breath";
}

TEST(RungChoice, WhatStaysRawTeachesNothing) {
  Machine machine;
  RungChoice choice(costs(), 2, kSegment);
  const std::uint8_t rung = machine.settle(choice, 10 * kMegabit);
  for (int i = 0; i < 20; ++i) {
    choice.made(0, 0, 0.1);
    EXPECT_EQ(choice.choose(machine.now + seconds(20 * i)), rung);
  }
}

TEST(RungChoice, DoesNotFlap) {
  // Whatever the rate, machine and content: after it has settled it moves at most once in a minute.
  for (double rate = 0.2 * kMegabit; rate < 4000 * kMegabit; rate *= 1.7) {
    for (const double slow : {0.5, 1.0, 4.0}) {
      Machine machine{.slow = slow, .plain = 0.5};
      RungChoice choice(costs(), 2, kSegment);
      std::uint8_t rung = machine.settle(choice, rate);
      int moves = 0;
      for (int i = 0; i < 60; ++i) {
        const std::uint8_t next = machine.settle(choice, rate, 1);
        moves += next != rung;
        rung = next;
      }
      EXPECT_LE(moves, 6) << rate / kMegabit << " Mbit/s, slow " << slow;
    }
  }
}

}  // namespace
}  // namespace dcdn::pace
