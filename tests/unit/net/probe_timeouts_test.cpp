#include "net/probe_timeouts.hpp"

#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

constexpr std::uint64_t kPto = 100;

TEST(ProbeTimeoutsTest, the_timer_doubles_each_time) {
  ProbeTimeouts timeouts;
  timeouts.answered(1000);
  EXPECT_EQ(timeouts.count(1000 + kPto - 1, kPto), 0u);
  EXPECT_EQ(timeouts.count(1000 + kPto, kPto), 1u);
  EXPECT_EQ(timeouts.count(1000 + 3 * kPto - 1, kPto), 1u);
  EXPECT_EQ(timeouts.count(1000 + 3 * kPto, kPto), 2u);
  EXPECT_EQ(timeouts.count(1000 + 7 * kPto, kPto), 3u);
}

TEST(ProbeTimeoutsTest, an_answer_ends_the_count) {
  ProbeTimeouts timeouts;
  timeouts.answered(1000);
  ASSERT_GT(timeouts.count(5000, kPto), 0u);
  timeouts.answered(5000);
  EXPECT_EQ(timeouts.count(5000, kPto), 0u);
}

TEST(ProbeTimeoutsTest, a_clock_at_its_ends_and_no_timer_count_nothing) {
  ProbeTimeouts timeouts;
  timeouts.answered(1000);
  EXPECT_EQ(timeouts.count(999, kPto), 0u);
  EXPECT_EQ(timeouts.count(5000, 0), 0u);
  EXPECT_EQ(timeouts.count(UINT64_MAX, 1), 30u);
}

}  // namespace
}  // namespace dcdn::net
