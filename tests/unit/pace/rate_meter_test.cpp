#include "pace/rate_meter.hpp"

#include <gtest/gtest.h>

namespace dcdn::pace {
namespace {

using std::chrono::seconds;

TEST(RateMeter, NowFollowsAndTheAverageRemembers) {
  RateMeter meter;
  meter.update(0, Micros(0));
  for (int tenth = 1; tenth <= 20; ++tenth)
    meter.update(static_cast<std::uint64_t>(tenth) * 100, Micros(tenth * 100'000));
  EXPECT_NEAR(meter.now_per_s(), 1000, 1);
  EXPECT_NEAR(meter.average_per_s(), 1000, 1);
  for (int tenth = 21; tenth <= 40; ++tenth) meter.update(2000, Micros(tenth * 100'000));
  EXPECT_NEAR(meter.now_per_s(), 0, 1);
  EXPECT_NEAR(meter.average_per_s(), 500, 1);
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
  meter.update(500, Micros(2'000'000));
  EXPECT_NEAR(meter.average_per_s(), 500, 1);
  EXPECT_EQ(meter.time_left(500), seconds(2));
}

}  // namespace
}  // namespace dcdn::pace
