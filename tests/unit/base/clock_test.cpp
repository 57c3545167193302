#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace dcdn {
namespace {

TEST(ClockTest, TimesBeyondNanosecondsAreTheNearestOnes) {
  EXPECT_EQ(nanoseconds_of({1, 5}), 1'000'000'005);
  EXPECT_EQ(nanoseconds_of({-1, 999'999'999}), -1);
  EXPECT_EQ(nanoseconds_of({15'000'000'000, 0}), INT64_MAX);   // 2445
  EXPECT_EQ(nanoseconds_of({-15'000'000'000, 0}), INT64_MIN);  // 1494
}

}  // namespace
}  // namespace dcdn
