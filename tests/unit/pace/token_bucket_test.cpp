#include "pace/token_bucket.hpp"

#include <gtest/gtest.h>

#include <random>

namespace dcdn::pace {
namespace {

using namespace std::chrono_literals;

TEST(TokenBucket, StartsFullAndThenRefuses) {
  TokenBucket bucket(1000, 500);
  EXPECT_TRUE(bucket.try_spend(500, 0us));
  EXPECT_FALSE(bucket.try_spend(1, 0us));
}

TEST(TokenBucket, ARefusedSpendCostsNothing) {
  TokenBucket bucket(1000, 10);
  EXPECT_TRUE(bucket.try_spend(10, 0us));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(bucket.try_spend(1'000'000, 0us));
  EXPECT_TRUE(bucket.try_spend(1, 1001us));
}

TEST(TokenBucket, EarnsNoMoreThanTheBurst) {
  TokenBucket bucket(1000, 100);
  EXPECT_TRUE(bucket.try_spend(100, 0us));
  EXPECT_TRUE(bucket.try_spend(100, 3600s));
  EXPECT_FALSE(bucket.try_spend(1, 3600s));
}

TEST(TokenBucket, AnItemLargerThanTheBurstPassesAndIsPaidFor) {
  TokenBucket bucket(1000, 10);
  EXPECT_TRUE(bucket.try_spend(5010, 0us));
  EXPECT_EQ(bucket.ready_at(0us), 5s + 1us);
  EXPECT_FALSE(bucket.try_spend(1, 5s));
  EXPECT_TRUE(bucket.try_spend(1, 5s + 1us));
}

/// Spends items of `item` tokens as soon as allowed for `length`; returns tokens spent.
double spend_for(TokenBucket& bucket, double item, Micros length) {
  double spent = 0;
  for (Micros now{0}; now <= length; now = bucket.ready_at(now))
    while (bucket.try_spend(item, now)) spent += item;
  return spent;
}

TEST(TokenBucket, HoldsTheLongRunRateForItemsOfAnySize) {
  for (const double rate : {1000.0, 12'500.0, 100'000.0, 1e9 / 7}) {
    for (const double item : {rate / 1000, rate / 33, rate / 10, rate * 3}) {
      TokenBucket bucket(rate, rate / 20);
      const double spent = spend_for(bucket, item, 600s);
      const double earned = rate * 600 + rate / 20;
      EXPECT_LE(spent, earned + item) << rate << " " << item;
      // Late by at most a microsecond an item.
      EXPECT_GE(spent, earned - item - spent / item * rate * 1e-6) << rate << " " << item;
    }
  }
}

TEST(TokenBucket, WakesOnceForEachSpend) {
  TokenBucket bucket(12'345.678, 1);
  Micros now{0};
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(bucket.try_spend(1200.5, now)) << i;
    const Micros next = bucket.ready_at(now);
    ASSERT_GT(next, now);
    ASSERT_FALSE(bucket.try_spend(1, next - 2us)) << i;
    now = next;
  }
}

TEST(TokenBucket, ReadyNowWhenNotEmpty) {
  TokenBucket bucket(10, 10);
  EXPECT_EQ(bucket.ready_at(77us), 77us);
  EXPECT_TRUE(bucket.try_spend(9, 77us));
  EXPECT_EQ(bucket.ready_at(78us), 78us);
}

TEST(TokenBucket, AskingWhenChangesNothing) {
  TokenBucket asked(1000, 10);
  TokenBucket other(1000, 10);
  EXPECT_TRUE(asked.try_spend(1000, 0us));
  EXPECT_TRUE(other.try_spend(1000, 0us));
  for (int i = 0; i < 1000; ++i) (void)asked.ready_at(Micros(i));
  EXPECT_EQ(asked.ready_at(500us), other.ready_at(500us));
}

TEST(TokenBucket, RateZeroIsNoLimit) {
  for (const double rate : {0.0, -1.0}) {
    TokenBucket bucket(rate, 1);
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.try_spend(1e12, 5us));
    EXPECT_EQ(bucket.ready_at(6us), 6us);
  }
}

TEST(TokenBucket, ABurstOfNothingStillPasses) {
  TokenBucket bucket(1000, 0);
  EXPECT_TRUE(bucket.try_spend(1, 0us));
  EXPECT_FALSE(bucket.try_spend(1, 0us));
  EXPECT_TRUE(bucket.try_spend(1, bucket.ready_at(0us)));
}

TEST(TokenBucket, AClockGoingBackEarnsNothingTwice) {
  TokenBucket bucket(1000, 10);
  std::mt19937 generator(2);
  double spent = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    const Micros jitter(generator() % 2 == 0 ? 0 : generator() % 500'000);
    while (bucket.try_spend(1, Micros(ms * 1000) - jitter)) spent += 1;
  }
  EXPECT_LE(spent, 10'000 + 11);
  EXPECT_GE(spent, 10'000 - 11);
}

TEST(TokenBucket, AClockGoingBackIsNeverWaitedForInThePast) {
  TokenBucket bucket(1000, 10);
  EXPECT_TRUE(bucket.try_spend(110, 10s));
  EXPECT_FALSE(bucket.try_spend(1, 2s));
  EXPECT_EQ(bucket.ready_at(2s), 10s + 100ms + 1us);
  EXPECT_TRUE(bucket.try_spend(1, 10s + 100ms + 1us));
}

TEST(TokenBucket, NegativeTimesAreTimesLikeAnyOther) {
  TokenBucket bucket(1000, 10);
  EXPECT_TRUE(bucket.try_spend(10, -5s));
  EXPECT_FALSE(bucket.try_spend(1, -5s));
  EXPECT_TRUE(bucket.try_spend(10, -4s));
}

TEST(TokenBucket, WhatWasEarnedBeforeANewRateWasEarnedAtTheOld) {
  TokenBucket bucket(1000, 10'000);
  EXPECT_TRUE(bucket.try_spend(10'000, 0us));
  bucket.set_rate(1'000'000, 10'000, 1s);
  EXPECT_TRUE(bucket.try_spend(1000, 1s));
  EXPECT_FALSE(bucket.try_spend(1, 1s));
  EXPECT_TRUE(bucket.try_spend(1, 1s + 2us));
}

TEST(TokenBucket, GoesToNoLimitAndBack) {
  TokenBucket bucket(1000, 10);
  EXPECT_TRUE(bucket.try_spend(1e9, 0us));
  EXPECT_FALSE(bucket.try_spend(1, 1s));
  bucket.set_rate(0, 10, 1s);
  EXPECT_TRUE(bucket.try_spend(1e9, 1s));
  bucket.set_rate(1000, 10, 2s);
  EXPECT_TRUE(bucket.try_spend(10, 2s));
  EXPECT_FALSE(bucket.try_spend(1, 2s));
}

TEST(TokenBucket, ANewBurstHoldsWhatItCan) {
  TokenBucket bucket(1000, 10'000);
  bucket.set_rate(100, 25, 0us);
  EXPECT_TRUE(bucket.try_spend(25, 0us));
  EXPECT_FALSE(bucket.try_spend(1, 0us)) << "the larger burst is gone";
  bucket.set_rate(1000, 10'000, 1s);
  EXPECT_EQ(bucket.ready_at(1s), 1s);
  EXPECT_TRUE(bucket.try_spend(10'000, 1s)) << "what one second at the old rate earned lets one pass";
  EXPECT_EQ(bucket.ready_at(1s), 1s + 9'975ms + 1us) << "and a larger burst is not given, it is earned";
}

TEST(TokenBucket, OfNoLimitTheNewBurstIsFull) {
  TokenBucket bucket(0, 10);
  bucket.set_rate(1000, 500, 0us);
  EXPECT_TRUE(bucket.try_spend(500, 0us));
  EXPECT_FALSE(bucket.try_spend(1, 0us));
}

TEST(TokenBucket, ADebtIsPaidAtTheNewRate) {
  TokenBucket bucket(1, 1);
  EXPECT_TRUE(bucket.try_spend(100'001, 0us));
  bucket.set_rate(1'000'000, 250'000, 0us);
  EXPECT_EQ(bucket.ready_at(0us), 100'001us);
}

TEST(TokenBucket, AHopelessDebtGivesATimeThatFitsAClock) {
  TokenBucket bucket(1e-9, 1);
  EXPECT_TRUE(bucket.try_spend(1e18, 0us));
  EXPECT_GT(bucket.ready_at(1s), 24h * 365);
  EXPECT_LT(bucket.ready_at(1s), 24h * 365 * 100);
}

}  // namespace
}  // namespace dcdn::pace
