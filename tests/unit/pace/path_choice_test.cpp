// Ledgers: paths of known rates serve chunks on a virtual clock, and the books are read afterwards.
#include "pace/path_choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

namespace dcdn::pace {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kUnknown = UINT64_MAX;

PathOption option(PathState state, Micros rtt, double rate, std::uint64_t pending = 0, bool room = true) {
  return {state, room, rtt, rate, pending};
}

// A path that takes `rate` bytes a second and keeps at most `queue` bytes.
struct Pipe {
  double rate;
  Micros rtt;
  std::uint64_t queue;
  double busy_until = 0;  // seconds
  std::uint64_t carried = 0;
  std::deque<std::pair<double, std::uint64_t>> under_way{};  // acknowledged when, bytes

  void acknowledge(double now) {
    while (!under_way.empty() && under_way.front().first <= now) under_way.pop_front();
  }
  [[nodiscard]] std::uint64_t pending() const {
    std::uint64_t bytes = 0;
    for (const auto& [when, each] : under_way) bytes += each;
    return bytes;
  }
  double take(double now, std::uint64_t bytes) {
    busy_until = std::max(now, busy_until) + static_cast<double>(bytes) / rate;
    const double half = std::chrono::duration<double>(rtt).count() / 2;
    under_way.emplace_back(busy_until + 2 * half, bytes);
    carried += bytes;
    return busy_until + half;
  }
};

// Sends `total` bytes in chunks; when the last of them has arrived, in seconds.
double run(std::vector<Pipe>& pipes, std::uint64_t total, std::uint64_t chunk) {
  double finished = 0;
  std::uint64_t left = total;
  for (double now = 0; left > 0; now += 0.001) {
    for (Pipe& pipe : pipes) pipe.acknowledge(now);
    while (left > 0) {
      std::vector<PathOption> options;
      for (const Pipe& pipe : pipes)
        options.push_back(option(PathState::good, pipe.rtt, pipe.rate, pipe.pending(),
                                 pipe.pending() + chunk <= pipe.queue));
      const auto chosen = choose_path(false, chunk, left, options);
      if (!chosen) break;
      finished = std::max(finished, pipes[*chosen].take(now, std::min(left, chunk)));
      left -= std::min(left, chunk);
    }
  }
  return finished;
}

TEST(PathChoice, TwoEqualPathsCarryHalfEachInHalfTheTime) {
  std::vector<Pipe> one{{625000, 40ms, 200000}};
  std::vector<Pipe> two{{625000, 40ms, 200000}, {625000, 40ms, 200000}};
  const double alone = run(one, 20'000'000, 65536);
  const double both = run(two, 20'000'000, 65536);
  EXPECT_GE(alone / both, 1.95);
  EXPECT_NEAR(static_cast<double>(two[0].carried) / 20e6, 0.5, 0.01);
}

TEST(PathChoice, UnequalPathsCarryBytesInProportionToTheirRates) {
  std::vector<Pipe> pipes{{2'000'000, 20ms, 400000}, {500'000, 300ms, 400000}};
  const double time = run(pipes, 30'000'000, 65536);
  EXPECT_NEAR(static_cast<double>(pipes[0].carried) / 30e6, 0.8, 0.03);
  EXPECT_LT(time, 1.05 * 30e6 / 2.5e6);
}

TEST(PathChoice, TheEndDoesNotWaitForASlowPath) {
  // 1 MB/s beside 10 kB/s: a chunk on the slow one takes 6.5 s, all that is left takes the fast one 0.3 s.
  std::vector<Pipe> pipes{{1'000'000, 20ms, 150000}, {10'000, 20ms, 150000}};
  const double time = run(pipes, 300'000, 65536);
  EXPECT_LT(time, 0.35);
  EXPECT_EQ(pipes[1].carried, 0u);
}

TEST(PathChoice, ASlowPathHelpsWhileMuchIsLeft) {
  const std::array options{option(PathState::good, 20ms, 1e6, 150000, false),
                           option(PathState::good, 20ms, 1e4)};
  EXPECT_EQ(choose_path(false, 65536, kUnknown, options), 1u);
  EXPECT_EQ(choose_path(false, 65536, 100'000'000, options), 1u);
  EXPECT_EQ(choose_path(false, 65536, 65536, options), std::nullopt);
}

TEST(PathChoice, CriticalTakesTheEarliestDeliveryAmongTheGood) {
  const std::array options{option(PathState::good, 300ms, 1e7), option(PathState::good, 30ms, 1e6),
                           option(PathState::degraded, 5ms, 1e7), option(PathState::failed, 1ms, 1e7)};
  EXPECT_EQ(choose_path(true, 65536, kUnknown, options), 1u);
  EXPECT_EQ(choose_path(true, 1'000'000, kUnknown, options), 0u)
      << "what is large is there sooner by the fast one";
  EXPECT_EQ(choose_path(false, 65536, kUnknown, options), 2u) << "others take a bad path too";
}

TEST(PathChoice, CriticalWaitsForTheBetterPathUnlessItHasMuchToDo) {
  const std::array options{option(PathState::good, 600ms, 125'000),
                           option(PathState::good, 40ms, 1e6, 128'000, false)};
  EXPECT_EQ(choose_path(true, 65536, 300'000, options), std::nullopt);
  EXPECT_EQ(choose_path(true, 65536, 3'000'000, options), 0u);
}

TEST(PathChoice, CriticalUsesWhatIsLeftInOrder) {
  std::array options{option(PathState::probing, 50ms, 1e5), option(PathState::degraded, 5ms, 1e7)};
  EXPECT_EQ(choose_path(true, 1000, kUnknown, options), 0u);
  options[0].state = PathState::failed;
  EXPECT_EQ(choose_path(true, 1000, kUnknown, options), 1u);
  options[1].room = false;
  EXPECT_EQ(choose_path(true, 1000, kUnknown, options), std::nullopt);
}

TEST(PathChoice, WhatAllMaySendIsSharedByWhatEachDelivers) {
  const std::array rates{3e5, 1e5};
  EXPECT_EQ(share_rate(2e5, rates), (std::vector<double>{1.5e5, 5e4}));
  EXPECT_EQ(share_rate(2e5, {}), std::vector<double>{});
}

TEST(PathChoice, AFailedPathGetsNothing) {
  const std::array options{option(PathState::failed, 1ms, 1e9)};
  EXPECT_EQ(choose_path(false, 1, kUnknown, options), std::nullopt);
  EXPECT_EQ(choose_path(true, 1, kUnknown, options), std::nullopt);
  EXPECT_EQ(choose_path(false, 1, kUnknown, {}), std::nullopt);
}

// --- PathMeter ---

PathReading reading(std::uint64_t sent, std::uint64_t lost, std::uint64_t acknowledged) {
  PathReading made;
  made.rtt = 100ms;
  made.probe_timeout = 200ms;
  made.packets_sent = sent;
  made.packets_lost = lost;
  made.bytes_acknowledged = acknowledged;
  made.in_flight = 10000;
  made.unsent = 10000;
  made.window = 50000;
  return made;
}

// Ten seconds at this loss, a reading every 100 ms, 100 packets each.
PathState at_loss(PathMeter& meter, PathReading& totals, Micros& now, double loss) {
  for (int i = 0; i < 100; ++i) {
    now += 100ms;
    totals.packets_sent += 100;
    totals.packets_lost += static_cast<std::uint64_t>(100 * loss);
    totals.bytes_acknowledged += 100'000;
    meter.update(totals, now);
  }
  return meter.state();
}

TEST(PathMeter, ProbesUntilEnoughHasArrived) {
  PathMeter meter;
  EXPECT_EQ(meter.state(), PathState::probing);
  EXPECT_EQ(meter.update(reading(10, 0, 0), 1s), PathState::probing);
  EXPECT_EQ(meter.update(reading(20, 0, 20000), 2s), PathState::good);
}

TEST(PathMeter, LossDegradesAndFailsWithHysteresis) {
  PathMeter meter;
  PathReading totals = reading(0, 0, 0);
  Micros now = 1s;
  EXPECT_EQ(at_loss(meter, totals, now, 0.02), PathState::good);
  EXPECT_EQ(at_loss(meter, totals, now, 0.18), PathState::good);
  EXPECT_EQ(at_loss(meter, totals, now, 0.25), PathState::degraded);
  EXPECT_EQ(at_loss(meter, totals, now, 0.18), PathState::degraded) << "not good before 15 %";
  EXPECT_EQ(at_loss(meter, totals, now, 0.10), PathState::good);
  EXPECT_EQ(at_loss(meter, totals, now, 0.60), PathState::failed);
  EXPECT_EQ(at_loss(meter, totals, now, 0.45), PathState::failed) << "not usable before 40 %";
  EXPECT_EQ(at_loss(meter, totals, now, 0.35), PathState::degraded);
  EXPECT_NEAR(meter.loss(), 0.35, 0.02);
}

TEST(PathMeter, SilenceFailsAfterThreeProbeTimeoutsButNotBeforeASecond) {
  for (const auto& [timeout, fails_after] : {std::pair<Micros, Micros>{50ms, 1000ms}, {800ms, 2400ms}}) {
    PathMeter meter;
    PathReading totals = reading(100, 0, 100'000);
    totals.probe_timeout = timeout;
    meter.update(totals, 10s);
    totals.timeouts = 1;
    EXPECT_EQ(meter.update(totals, 10s + fails_after - 1ms), PathState::good);
    EXPECT_EQ(meter.update(totals, 10s + fails_after), PathState::failed);
    totals.timeouts = 0;
    EXPECT_EQ(meter.update(totals, 10s + fails_after + 1ms), PathState::good) << "it answered after all";
  }
}

TEST(PathMeter, NothingUnderWayIsNoSilence) {
  PathMeter meter;
  PathReading totals = reading(100, 0, 100'000);
  totals.in_flight = 0;
  totals.timeouts = 3;
  for (Micros now = 1s; now < 100s; now += 1s) EXPECT_EQ(meter.update(totals, now), PathState::good);
}

TEST(PathMeter, RateIsWhatArrivesWhileSomethingWaits) {
  PathMeter meter;
  PathReading totals = reading(0, 0, 0);
  Micros now = 1s;
  meter.update(totals, now);
  EXPECT_NEAR(meter.rate(), 500'000, 1) << "window by round trip, before anything is measured";
  for (int i = 0; i < 100; ++i) {
    now += 50ms;
    totals.bytes_acknowledged += 31'250;
    meter.update(totals, now);
  }
  EXPECT_NEAR(meter.rate(), 625'000, 10'000);
  totals.unsent = 0;  // a sender with nothing to send says nothing about the path
  for (int i = 0; i < 100; ++i) meter.update(totals, now += 50ms);
  EXPECT_NEAR(meter.rate(), 625'000, 10'000);
}

TEST(PathMeter, OddCountersDoNoHarm) {
  PathMeter meter;
  PathReading back = reading(1000, 500, 1'000'000);
  meter.update(back, 1s);
  meter.update(reading(10, 0, 0), 5s);
  meter.update(reading(2000, 90000, 1), 9s);
  EXPECT_LE(meter.loss(), 1.0);
  EXPECT_GE(meter.rate(), 1.0);
  PathMeter silent;
  EXPECT_GE(silent.rate(), 1.0);
  silent.fail();
  EXPECT_STREQ(word_of(silent.state()), "failed");
}

}  // namespace
}  // namespace dcdn::pace
