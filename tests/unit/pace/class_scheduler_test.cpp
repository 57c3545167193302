#include "pace/class_scheduler.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

namespace dcdn::pace {
namespace {

using Backlog = std::array<bool, kClasses>;

/// Serves `rounds` items; class i sends items of size_of(i) bytes. Returns bytes of each class in these
/// rounds.
template <class SizeOf>
std::array<double, kClasses> serve(ClassScheduler& scheduler, const Backlog& backlog, int rounds,
                                   SizeOf size_of) {
  std::array<double, kClasses> bytes{};
  for (int i = 0; i < rounds; ++i) {
    const auto index = scheduler.pick(backlog);
    if (!index) break;
    EXPECT_TRUE(backlog[*index]);
    const std::uint64_t size = size_of(*index);
    scheduler.sent(*index, size);
    bytes[*index] += static_cast<double>(size);
  }
  return bytes;
}

void expect_shares(const std::array<double, kClasses>& bytes, std::array<double, kClasses> shares) {
  const double sum = std::accumulate(bytes.begin(), bytes.end(), 0.0);
  ASSERT_GT(sum, 0);
  for (std::size_t i = 0; i < kClasses; ++i) EXPECT_NEAR(bytes[i] / sum, shares[i], 0.01) << "class " << i;
}

std::uint64_t equal_size(std::size_t /*index*/) {
  return 1000;
}

TEST(ClassScheduler, SharesTheBytesUnderFullBacklog) {
  ClassScheduler scheduler;
  expect_shares(serve(scheduler, {true, true, true}, 10'000, equal_size), {0.5, 0.3, 0.2});
}

TEST(ClassScheduler, SharesBytesNotTurns) {
  ClassScheduler scheduler;
  const auto size_of = [](std::size_t index) {
    return std::uint64_t{index == 0 ? 100u : index == 1 ? 65'536u : 4096u};
  };
  expect_shares(serve(scheduler, {true, true, true}, 100'000, size_of), {0.5, 0.3, 0.2});
}

TEST(ClassScheduler, SharesItemsOfChangingSize) {
  ClassScheduler scheduler;
  std::mt19937 generator(1);
  const auto size_of = [&](std::size_t) { return std::uint64_t{1 + generator() % 70'000}; };
  expect_shares(serve(scheduler, {true, true, true}, 50'000, size_of), {0.5, 0.3, 0.2});
}

TEST(ClassScheduler, KeepsTheSharesAllAlong) {
  ClassScheduler scheduler;
  for (int window = 0; window < 50; ++window)
    expect_shares(serve(scheduler, {true, true, true}, 300, equal_size), {0.5, 0.3, 0.2});
}

TEST(ClassScheduler, PassesAnUnusedShareOnInProportion) {
  struct Share {
    Backlog backlog;
    std::array<double, kClasses> shares;
  };
  const Share rows[] = {{{true, true, false}, {50.0 / 80, 30.0 / 80, 0}},
                        {{true, false, true}, {50.0 / 70, 0, 20.0 / 70}},
                        {{false, true, true}, {0, 30.0 / 50, 20.0 / 50}},
                        {{true, false, false}, {1, 0, 0}},
                        {{false, true, false}, {0, 1, 0}},
                        {{false, false, true}, {0, 0, 1}}};
  for (const Share& row : rows) {
    ClassScheduler scheduler;
    expect_shares(serve(scheduler, row.backlog, 10'000, equal_size), row.shares);
  }
}

TEST(ClassScheduler, NobodyWaitingIsNobodyPicked) {
  ClassScheduler scheduler;
  EXPECT_FALSE(scheduler.pick({false, false, false}));
  EXPECT_EQ(scheduler.pick({false, true, false}), 1u);
}

TEST(ClassScheduler, TheMostCriticalGoesFirst) {
  ClassScheduler scheduler;
  EXPECT_EQ(scheduler.pick({true, true, true}), 0u);
}

TEST(ClassScheduler, ReturnsWithoutHoarding) {
  for (std::size_t idle = 0; idle < kClasses; ++idle) {
    ClassScheduler scheduler;
    Backlog backlog{true, true, true};
    backlog[idle] = false;
    serve(scheduler, backlog, 100'000, equal_size);
    // From the first items after its return on: its share, not what it left unused.
    for (int window = 0; window < 5; ++window)
      expect_shares(serve(scheduler, {true, true, true}, 300, equal_size), {0.5, 0.3, 0.2});
  }
}

TEST(ClassScheduler, ReturnsWithoutStarving) {
  for (std::size_t busy = 0; busy < kClasses; ++busy) {
    ClassScheduler scheduler;
    Backlog backlog{};
    backlog[busy] = true;
    serve(scheduler, backlog, 100'000, equal_size);
    // The one that had the link to itself owes nothing for it.
    expect_shares(serve(scheduler, {true, true, true}, 300, equal_size), {0.5, 0.3, 0.2});
  }
}

TEST(ClassScheduler, APauseOfAllForgetsNothingAndOwesNothing) {
  ClassScheduler scheduler;
  serve(scheduler, {false, false, true}, 1000, equal_size);
  EXPECT_FALSE(scheduler.pick({false, false, false}));
  expect_shares(serve(scheduler, {true, true, true}, 300, equal_size), {0.5, 0.3, 0.2});
}

TEST(ClassScheduler, AClassThatComesAndGoesKeepsItsShareWhileItIsThere) {
  ClassScheduler scheduler;
  std::array<double, kClasses> together{};
  for (int round = 0; round < 500; ++round) {
    const auto bytes = serve(scheduler, {true, true, true}, 300, equal_size);
    for (std::size_t i = 0; i < kClasses; ++i) together[i] += bytes[i];
    serve(scheduler, {true, false, true}, 13, equal_size);
  }
  expect_shares(together, {0.5, 0.3, 0.2});
}

TEST(ClassScheduler, ACriticalItemOvertakesALongQueueAtOnce) {
  ClassScheduler scheduler;
  serve(scheduler, {false, false, true}, 12'345, [](std::size_t) { return std::uint64_t{65'536}; });
  int waited = 0;
  while (scheduler.pick({true, false, true}) != 0u) {
    scheduler.sent(2, 65'536);
    ASSERT_LT(++waited, 3);
  }
}

TEST(ClassScheduler, AskingAgainGivesTheSameAnswer) {
  ClassScheduler scheduler;
  for (int i = 0; i < 1000; ++i) {
    const auto first = scheduler.pick({true, true, true});
    for (int again = 0; again < 3; ++again) EXPECT_EQ(scheduler.pick({true, true, true}), first);
    scheduler.sent(*first, 700);
  }
}

TEST(ClassScheduler, IsDeterministic) {
  const auto run = [] {
    ClassScheduler scheduler;
    std::mt19937 generator(9);
    std::vector<std::size_t> picks;
    for (int i = 0; i < 5000; ++i) {
      const unsigned bits = generator();
      const auto index = scheduler.pick({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0});
      picks.push_back(index.value_or(kClasses));
      if (index) scheduler.sent(*index, bits % 9000);
    }
    return picks;
  };
  EXPECT_EQ(run(), run());
}

TEST(ClassScheduler, CountsBytesOfEachClass) {
  ClassScheduler scheduler;
  scheduler.sent(0, 5);
  scheduler.sent(2, 7);
  scheduler.sent(2, 8);
  EXPECT_EQ(scheduler.bytes_sent(0), 5u);
  EXPECT_EQ(scheduler.bytes_sent(1), 0u);
  EXPECT_EQ(scheduler.bytes_sent(2), 15u);
}

TEST(ClassScheduler, SharesAfterAnExabyte) {
  ClassScheduler scheduler;
  for (std::size_t i = 0; i < kClasses; ++i) scheduler.sent(i, 10'000'000'000'000'000 * kShares[i]);
  expect_shares(serve(scheduler, {true, true, true}, 1000, equal_size), {0.5, 0.3, 0.2});
}

}  // namespace
}  // namespace dcdn::pace
