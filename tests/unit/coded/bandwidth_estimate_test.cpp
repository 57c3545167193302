#include "coded/bandwidth_estimate.hpp"

#include <gtest/gtest.h>

namespace dcdn::coded {
namespace {

TEST(bandwidth_estimate, a_sample_while_dry_only_tells_the_least) {
  BandwidthEstimate estimate;
  EXPECT_TRUE(estimate.take(100, 90, {1, 2}, 10));
  estimate.ran_dry(12);
  EXPECT_FALSE(estimate.take(50, 50, {1, 2}, 11.5));
  EXPECT_EQ(estimate.last_sample(), 100);
  EXPECT_FALSE(estimate.take(200, 180, {1, 2}, 11.6));
  EXPECT_EQ(estimate.bandwidth(), 200);
  EXPECT_TRUE(estimate.take(50, 50, {1, 2}, 12)) << "dry no longer";
  EXPECT_EQ(estimate.last_sample(), 50);
}

TEST(bandwidth_estimate, windows_pass_and_an_outage_stops_them) {
  BandwidthEstimate estimate;
  EXPECT_TRUE(estimate.take(100, 90, {1, 5}, 10));
  EXPECT_TRUE(estimate.take(40, 30, {1, 5}, 12));
  EXPECT_EQ(estimate.bandwidth(), 40);
  EXPECT_EQ(estimate.delivered(), 90) << "a longer window";
  EXPECT_EQ(estimate.highest_of_a_minute(), 100);
  estimate.restamp(100);
  EXPECT_TRUE(estimate.take(20, 20, {1, 5}, 100.5));
  EXPECT_EQ(estimate.bandwidth(), 40) << "as good as new";
}

}  // namespace
}  // namespace dcdn::coded
