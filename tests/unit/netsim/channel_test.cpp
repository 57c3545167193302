#include "netsim/channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace dcdn::netsim {
namespace {

using namespace std::chrono_literals;
using Arrivals = std::vector<std::optional<Time>>;

ChannelOptions ten_megabit() {
  ChannelOptions options;
  options.bytes_per_s = 1'250'000;
  options.delay = 100ms;
  return options;
}

/// A packet of 1250 bytes passes a bottleneck of 10 Mbit/s in 1 ms.
Arrivals offer_every(Channel& channel, Time gap, int count, std::uint64_t bytes = 1250) {
  Arrivals arrivals;
  for (int i = 0; i < count; ++i) arrivals.push_back(channel.offer(i * gap, bytes));
  return arrivals;
}

/// Lengths of the runs of lost packets.
std::vector<int> runs_of_loss(const Arrivals& arrivals) {
  std::vector<int> runs;
  int run = 0;
  for (const auto& arrival : arrivals) {
    if (!arrival) {
      ++run;
    } else if (run > 0) {
      runs.push_back(run);
      run = 0;
    }
  }
  return runs;
}

void expect_sum(const ChannelCounters& c) {
  EXPECT_EQ(c.sent, c.delivered + c.lost + c.lost_in_outage + c.dropped);
}

TEST(channel, a_lone_packet_takes_its_transmission_and_the_delay) {
  Channel channel(ten_megabit(), 1);
  EXPECT_EQ(channel.offer(5s, 1250), Time(5s + 1ms + 100ms));
  EXPECT_EQ(channel.counters().queue_delay_most, Time(0));
}

TEST(channel, packets_queue_at_the_rate) {
  Channel channel(ten_megabit(), 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(channel.offer(0ms, 1250), Time((i + 1) * 1ms + 100ms));
  EXPECT_EQ(channel.queued_bytes(0ms), 12'500U);
  EXPECT_EQ(channel.queued_bytes(4ms), 7'500U);
  EXPECT_EQ(channel.counters().queue_delay_most, Time(9ms));
  EXPECT_EQ(channel.counters().queue_delay_sum, Time(45ms));
}

TEST(channel, without_a_rate_there_is_only_the_delay) {
  ChannelOptions options;
  options.delay = 3ms;
  Channel channel(options, 1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(channel.offer(1ms, 1500), Time(4ms));
  EXPECT_EQ(channel.counters().dropped, 0U);
}

TEST(channel, the_queue_is_one_round_trip_long_unless_told) {
  EXPECT_EQ(Channel(ten_megabit(), 1).queue_limit(), 250'000U);
  ChannelOptions small = ten_megabit();
  small.delay = 1ms;
  EXPECT_EQ(Channel(small, 1).queue_limit(), kLeastQueue);
  small.queue_bytes = 5000;
  Channel channel(small, 1);
  const Arrivals arrivals = offer_every(channel, 0ms, 10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(arrivals[static_cast<std::size_t>(i)].has_value(), i < 4) << i;
  EXPECT_EQ(channel.counters().dropped, 6U);
  EXPECT_TRUE(channel.offer(1ms, 1250)) << "one has left, one fits";
  EXPECT_FALSE(channel.offer(1ms, 1250));
  expect_sum(channel.counters());
}

TEST(channel, an_overload_delivers_exactly_the_rate) {
  Channel channel(ten_megabit(), 1);
  offer_every(channel, 500us, 20'000);  // 20 Mbit/s for 10 s
  const double megabits = static_cast<double>(channel.counters().delivered_bytes) * 8 / 1e6;
  EXPECT_NEAR(megabits, 102, 0.1) << "10 s and what still stands in the queue of 0.2 s";
  expect_sum(channel.counters());
}

TEST(channel, the_same_seed_is_the_same_link) {
  ChannelOptions options = ten_megabit();
  options.loss = 0.3;
  options.jitter = 50ms;
  options.bursts = Bursts{0.02, 0.08, 0, 1};
  Channel one(options, 7);
  Channel two(options, 7);
  Channel other(options, 8);
  const Arrivals arrivals = offer_every(one, 1ms, 2000);
  EXPECT_EQ(arrivals, offer_every(two, 1ms, 2000));
  EXPECT_NE(arrivals, offer_every(other, 1ms, 2000));
}

TEST(channel, an_option_changes_nothing_but_what_it_is_about) {
  ChannelOptions options = ten_megabit();
  options.loss = 0.3;
  Channel still(options, 7);
  options.jitter = 50ms;
  Channel jittery(options, 7);
  const Arrivals first = offer_every(still, 1ms, 2000);
  const Arrivals second = offer_every(jittery, 1ms, 2000);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].has_value(), second[i].has_value()) << i;
}

TEST(channel, single_losses_come_at_their_rate_and_alone) {
  ChannelOptions options = ten_megabit();
  options.loss = 0.2;
  Channel channel(options, 3);
  const Arrivals arrivals = offer_every(channel, 1ms, 100'000);
  EXPECT_NEAR(static_cast<double>(channel.counters().lost) / 100'000, 0.2, 0.006);  // 5 sigma
  const auto runs = runs_of_loss(arrivals);
  double sum = 0;
  for (const int run : runs) sum += run;
  EXPECT_NEAR(sum / static_cast<double>(runs.size()), 1 / 0.8, 0.03);
  EXPECT_DOUBLE_EQ(average_loss(options), 0.2);
}

TEST(channel, bursts_have_the_length_and_the_average_of_the_model) {
  ChannelOptions options = ten_megabit();
  options.bursts = Bursts{0.02, 0.08, 0, 1};
  EXPECT_DOUBLE_EQ(average_loss(options), 0.2);
  Channel channel(options, 4);
  const auto runs = runs_of_loss(offer_every(channel, 1ms, 400'000));
  double sum = 0;
  for (const int run : runs) sum += run;
  EXPECT_NEAR(sum / static_cast<double>(runs.size()), 12.5, 0.8);
  EXPECT_NEAR(static_cast<double>(channel.counters().lost) / 400'000, 0.2, 0.012);
}

TEST(channel, jitter_stays_in_its_bounds_and_reorders) {
  ChannelOptions options = ten_megabit();
  options.jitter = 40ms;
  Channel channel(options, 5);
  const Arrivals arrivals = offer_every(channel, 1ms, 10'000);
  Time least = 10s;
  Time most{};
  int overtaken = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const Time took = *arrivals[i] - i * 1ms - 1ms;
    least = std::min(least, took);
    most = std::max(most, took);
    if (i > 0 && *arrivals[i] < *arrivals[i - 1]) ++overtaken;
  }
  EXPECT_GE(least, Time(60ms));
  EXPECT_LT(least, Time(61ms));
  EXPECT_LE(most, Time(140ms));
  EXPECT_GT(most, Time(139ms));
  EXPECT_GT(overtaken, 4000);
}

TEST(channel, no_jitter_no_reordering) {
  Channel channel(ten_megabit(), 5);
  const Arrivals arrivals = offer_every(channel, 700us, 1000);
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    if (arrivals[i] && arrivals[i - 1]) {
      EXPECT_GT(*arrivals[i], *arrivals[i - 1]);
    }
  }
}

TEST(channel, nothing_arrives_that_leaves_during_an_outage) {
  ChannelOptions options = ten_megabit();
  options.up = 8s;
  options.down = 5s;
  Channel channel(options, 1);
  for (int second = 0; second < 39; ++second) {
    const bool up = second % 13 < 8;
    EXPECT_EQ(channel.offer(second * 1s + 500ms, 1250).has_value(), up) << second;
  }
  EXPECT_EQ(channel.counters().lost_in_outage, 15U);
  expect_sum(channel.counters());
}

TEST(channel, rate_and_loss_change_at_their_moment) {
  ChannelOptions options = ten_megabit();
  options.change = Change{1s, 625'000.0, 1.0};
  Channel channel(options, 1);
  EXPECT_EQ(channel.offer(900ms, 1250), Time(1001ms));
  EXPECT_EQ(channel.offer(1100ms, 1250), std::nullopt);
  options.change = Change{1s, 625'000.0, std::nullopt};
  Channel slower(options, 1);
  EXPECT_EQ(slower.offer(1100ms, 1250), Time(1202ms));
}

}  // namespace
}  // namespace dcdn::netsim
