#include "pace/rate_meter.hpp"

#include <gtest/gtest.h>

namespace dcdn::pace {
namespace {

using std::chrono::seconds;

TEST(RateMeter, NowFollowsAndTheAverageRemembers) {
  RateMeter meter;
  meter.update(0, Micros(0));
  for (int half = 1; half <= 20; ++half)
    meter.update(static_cast<std::uint64_t>(half) * 500, Micros(half * 500'000));
  EXPECT_NEAR(meter.now_per_s(), 1000, 1);
  EXPECT_NEAR(meter.average_per_s(), 1000, 1);
  for (int half = 21; half <= 40; ++half) meter.update(10'000, Micros(half * 500'000));
  EXPECT_NEAR(meter.now_per_s(), 0, 1);
  EXPECT_NEAR(meter.average_per_s(), 500, 1);
}

// A chunk of a megabyte each eight seconds, as a link of 1 Mbit/s brings them.
TEST(RateMeter, WhatComesInLumpsIsNoFasterThanItsLinkOnAverage) {
  RateMeter meter;
  for (int tenth = 0; tenth <= 800; ++tenth)
    meter.update(static_cast<std::uint64_t>(tenth / 80) * 1'000'000, Micros(tenth * 100'000));
  EXPECT_NEAR(meter.average_per_s(), 125'000, 1);
}

TEST(RateMeter, AnIdleHourIsNobodysRate) {
  RateMeter meter;
  for (int second = 0; second <= 3600; ++second) {
    meter.update(700, Micros(second * 1'000'000LL));
    EXPECT_FALSE(meter.moved());
    meter.begin();
  }
  EXPECT_EQ(meter.silent_for(Micros(3600'000'000)), seconds(3600));
  meter.update(5700, Micros(3605'000'000));
  EXPECT_TRUE(meter.moved());
  EXPECT_NEAR(meter.average_per_s(), 1000, 1);
}

TEST(RateMeter, TheFirstSecondsPromiseNothing) {
  RateMeter meter;
  meter.update(0, Micros(0));
  meter.update(3, Micros(2'900'000));
  EXPECT_FALSE(meter.time_left(1'000'000).has_value());
  meter.update(3000, Micros(3'000'000));
  EXPECT_EQ(meter.time_left(3000), seconds(4));
}

// A limit of 1000 a second that lets a quarter of that through at once, as it may after silence.
TEST(RateMeter, AMomentHasNoAverage) {
  RateMeter meter;
  meter.update(0, Micros(0));
  meter.update(450, Micros(200'000));
  EXPECT_EQ(meter.average_per_s(), 0);
  for (int second = 1; second <= 10; ++second) {
    meter.update(static_cast<std::uint64_t>(second) * 1000 + 250, Micros(second * 1'000'000));
    EXPECT_LT(meter.average_per_s(), 1100);
  }
  EXPECT_NEAR(meter.average_per_s(), 1025, 1);
}

TEST(RateMeter, SaysHowLongNothingCame) {
  RateMeter meter;
  meter.update(10, Micros(0));
  meter.update(20, Micros(1'000'000));
  meter.update(20, Micros(43'000'000));
  EXPECT_EQ(meter.silent_for(Micros(43'000'000)), seconds(42));
}

TEST(RateMeter, GuessesNothingFromNothingAndStartsOverWhenBytesFall) {
  RateMeter meter;
  EXPECT_FALSE(meter.time_left(100).has_value());
  meter.update(1000, Micros(0));
  meter.update(0, Micros(1'000'000));
  meter.update(2500, Micros(6'000'000));
  EXPECT_NEAR(meter.average_per_s(), 500, 1);
  EXPECT_EQ(meter.time_left(500), seconds(2));
}

}  // namespace
}  // namespace dcdn::pace
