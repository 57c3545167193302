#include "pace/backoff.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace dcdn::pace {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr double kNoJitter = 0.5;

std::vector<milliseconds> waits_of(Backoff& backoff, milliseconds spent) {
  std::vector<milliseconds> waits;
  while (const auto wait = backoff.next(kNoJitter, spent)) {
    waits.push_back(*wait);
    if (waits.size() > 1000) break;
  }
  return waits;
}

TEST(Backoff, DoublesFrom100MsTo10SAndEndsAt60S) {
  Backoff backoff(BackoffOptions{});
  const std::vector<milliseconds> expected{100ms,  200ms,   400ms,   800ms,   1600ms,  3200ms,
                                           6400ms, 10000ms, 10000ms, 10000ms, 10000ms, 7300ms};
  EXPECT_EQ(waits_of(backoff, 0ms), expected);
  EXPECT_EQ(backoff.tries(), 12);
  EXPECT_FALSE(backoff.next(kNoJitter, 0ms));
  EXPECT_EQ(backoff.tries(), 12);
}

TEST(Backoff, TimeSpentInTheTryCounts) {
  Backoff backoff(BackoffOptions{});
  const auto waits = waits_of(backoff, 20s);
  EXPECT_EQ(waits, (std::vector<milliseconds>{100ms, 200ms}));
  Backoff late(BackoffOptions{});
  EXPECT_FALSE(late.next(kNoJitter, 60s));
  EXPECT_EQ(late.tries(), 0);
  EXPECT_FALSE(late.next(kNoJitter, 0ms)) << "used up stays used up";
}

TEST(Backoff, AllWaitsAndTriesTogetherAreTheTotal) {
  for (const milliseconds spent : {0ms, 1ms, 333ms, 5000ms, 59999ms}) {
    Backoff backoff(BackoffOptions{});
    milliseconds sum = 0ms;
    while (const auto wait = backoff.next(1.0, spent)) {
      sum += spent + *wait;
      ASSERT_LE(sum, 60s) << spent.count();
    }
    EXPECT_GT(sum + spent, 60s - 13s) << spent.count();
  }
}

TEST(Backoff, ForeverNeverEndsAndStaysAtTheLongest) {
  Backoff backoff({.first = 100ms, .longest = 10s, .total = 60s, .forever = true});
  milliseconds last{0};
  for (int i = 0; i < 10'000; ++i) {
    const auto wait = backoff.next(kNoJitter, 1h);
    ASSERT_TRUE(wait);
    ASSERT_GE(*wait, last);
    last = *wait;
  }
  EXPECT_EQ(last, 10s);
  EXPECT_EQ(backoff.tries(), 10'000);
}

TEST(Backoff, ResetStartsOver) {
  Backoff backoff(BackoffOptions{});
  const auto before = waits_of(backoff, 0ms);
  backoff.reset();
  EXPECT_EQ(backoff.tries(), 0);
  EXPECT_EQ(waits_of(backoff, 0ms), before);
}

TEST(Backoff, JitterScalesByAQuarterEitherWay) {
  const auto first_wait = [](double jitter) { return *Backoff(BackoffOptions{}).next(jitter, 0ms); };
  EXPECT_EQ(first_wait(0), 75ms);
  EXPECT_EQ(first_wait(0.5), 100ms);
  EXPECT_EQ(first_wait(1), 125ms);
  EXPECT_EQ(first_wait(-7), 75ms);
  EXPECT_EQ(first_wait(99), 125ms);
  EXPECT_EQ(first_wait(std::nan("")), 100ms);
}

TEST(Backoff, JitterDoesNotPileUp) {
  Backoff backoff({.first = 100ms, .longest = 10s, .total = 60s, .forever = true});
  for (int i = 0; i < 50; ++i) (void)backoff.next(1, 0ms);
  EXPECT_EQ(*backoff.next(kNoJitter, 0ms), 10s);
}

TEST(Backoff, NegativeTimeSpentCountsAsNone) {
  Backoff backoff(BackoffOptions{});
  Backoff plain(BackoffOptions{});
  EXPECT_EQ(waits_of(backoff, -5s), waits_of(plain, 0ms));
}

TEST(Backoff, OddOptionsNeverGiveABusyLoopOrAnOverflow) {
  const BackoffOptions zero{.first = 0ms, .longest = 0ms, .total = 60s, .forever = true};
  const BackoffOptions reversed{.first = 20s, .longest = 1s, .total = 60s, .forever = true};
  const BackoffOptions huge{
      .first = milliseconds::max() / 4, .longest = milliseconds::max() / 2, .total = 60s, .forever = true};
  for (const BackoffOptions& options : {zero, reversed, huge}) {
    Backoff backoff(options);
    for (int i = 0; i < 100; ++i) {
      const auto wait = backoff.next(1.0, milliseconds::max());
      ASSERT_TRUE(wait);
      ASSERT_GE(*wait, 1ms);
    }
  }
  EXPECT_EQ(*Backoff(reversed).next(kNoJitter, 0ms), 1s);
  Backoff none({.first = 100ms, .longest = 10s, .total = 0ms, .forever = false});
  EXPECT_FALSE(none.next(kNoJitter, 0ms));
}

TEST(Backoff, ALongTryAtTheEndDoesNotOverflow) {
  Backoff backoff(BackoffOptions{});
  ASSERT_TRUE(backoff.next(kNoJitter, 1s));
  EXPECT_FALSE(backoff.next(kNoJitter, milliseconds::max()));
}

}  // namespace
}  // namespace dcdn::pace
