// Parts of the controller by themselves; what it does on a path is in tests/sim.
#include "coded/rate_control.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "coded/arrivals.hpp"

namespace dcdn::coded {
namespace {

TEST(max_filter, gives_the_largest_of_the_window) {
  MaxFilter filter;
  filter.add(0, 5);
  filter.add(1, 3);
  filter.add(2, 4);
  EXPECT_EQ(filter.get(), 5);
  filter.expire(1);
  EXPECT_EQ(filter.get(), 4);
  filter.expire(100);
  EXPECT_EQ(filter.get(), 4) << "the newest stays";
}

TEST(coded_time, stamps_compare_across_the_turn) {
  EXPECT_NEAR(stamps_apart(stamp_of(4294.97), stamp_of(4294.96)), 0.01, 1e-9);
  EXPECT_NEAR(stamps_apart(stamp_of(4295.0), stamp_of(4294.9)), 0.1, 1e-5);
  EXPECT_NEAR(stamps_apart(stamp_of(4294.9), stamp_of(4295.0)), -0.1, 1e-5);
}

TEST(arrivals, measures_losses_delay_and_the_first_train) {
  Arrivals arrivals;
  // 16 packets back to back through a bottleneck of 1000 a second, numbers 5 and 6 lost; the receiver's clock
  // is another.
  for (unsigned i = 0; i < 20; ++i) {
    if (i == 5 || i == 6) continue;
    arrivals.take(i, {stamp_of(2), 0, 0, 1, 2}, 500.1 + i * 0.001);
  }
  EXPECT_EQ(arrivals.received(), 18u);
  EXPECT_EQ(arrivals.missing(), 2u);
  Feedback feedback;
  arrivals.report(feedback, 500.119 + 0.005);
  EXPECT_EQ(feedback.highest, 19u);
  EXPECT_EQ(feedback.loss_runs, 1u);
  EXPECT_NEAR(feedback.train, 1000, 5);
  EXPECT_NEAR(feedback.held, 5000, 2);
  EXPECT_LT(stamps_apart(feedback.settled, stamp_of(2.0)), 0.02);
}

TEST(arrivals, no_rate_is_read_from_a_train_that_was_reordered) {
  Arrivals arrivals;
  for (unsigned i : {0, 1, 3, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
    arrivals.take(i, {stamp_of(2), 0, 0, 1, 2}, 500.1 + i * 0.001);
  Feedback feedback;
  arrivals.report(feedback, 501);
  EXPECT_EQ(feedback.train, 0u);
}

TEST(arrivals, tells_at_once_then_regularly_then_less_and_stops) {
  Arrivals arrivals;
  EXPECT_GT(arrivals.due(true), 1e9);
  arrivals.take(0, {stamp_of(2), 0, 0, 1, 2}, 500);
  EXPECT_LE(arrivals.due(false), 500);
  double now = 500;
  int told = 0;
  for (; arrivals.due(true) < 1e9 && told < 1000; ++told) {
    now = std::max(now, arrivals.due(true));
    arrivals.told(now);
  }
  EXPECT_EQ(told, 8);
  EXPECT_LT(now, 500.2);
  EXPECT_LT(arrivals.due(false), 501) << "while something is missing it goes on";
}

RateOptions options() {
  return {0.1, 1500 * 8, 0};
}

TEST(rate_control, starts_with_a_window_and_never_passes_the_limit) {
  RateControl control(options());
  EXPECT_NEAR(control.rate(1, false), 320, 1);
  RateOptions limited = options();
  limited.most = 100;
  RateControl slow(limited);
  EXPECT_EQ(slow.rate(1, false), 100);
}

TEST(rate_control, holds_when_nothing_is_heard_and_probes_on) {
  RateControl control(options());
  control.sent(1, false);
  EXPECT_FALSE(control.holding());
  (void)control.rate(1.25, true);
  EXPECT_FALSE(control.holding());
  const double rate = control.rate(1.5, true);
  EXPECT_TRUE(control.holding());
  EXPECT_NEAR(control.rate(1.9, true), 80, 1) << "one packet every eighth of a round trip";
  EXPECT_NEAR(control.rate(30, true), 20, 1) << "one packet in 50 ms, however long it lasts";
  EXPECT_GE(rate, 80);
}

// At five packets a second there is no feedback for 200 ms at a time: no outage.
TEST(rate_control, packets_far_apart_are_no_silence) {
  RateControl control(options());
  for (int i = 0; i < 20; ++i) {
    const Seconds now = 1 + 0.2 * i;
    control.sent(now, i > 0);
    (void)control.rate(now + 0.19, true);
    EXPECT_FALSE(control.holding()) << now;
  }
}

TEST(rate_control, feedback_is_wanted_eight_times_a_round_trip) {
  RateControl control(options());
  EXPECT_EQ(control.feedback_interval(), 3);  // 12.5 ms, in units of 5
  RateOptions far = options();
  far.handshake_round_trip = 0.8;
  EXPECT_EQ(RateControl(far).feedback_interval(), 20);
}

}  // namespace
}  // namespace dcdn::coded
