// When a sender may say that a stream has arrived: by counts, and from receivers that lie (tests/sim has
// links).
#include "coded/stream_arrivals.hpp"

#include <gtest/gtest.h>

#include "sim/coded_flow.hpp"

namespace dcdn::coded {
namespace {

using Numbers = std::vector<StreamNumber>;

TEST(stream_arrivals, a_stream_is_there_when_its_last_block_is_whichever_that_is) {
  StreamArrivals arrivals;
  arrivals.carried(0, {{7, false}});
  arrivals.carried(1, {{7, true}, {8, false}});
  arrivals.carried(2, {{8, true}});
  arrivals.complete(1);
  EXPECT_EQ(arrivals.take(), Numbers{});
  arrivals.complete(0);
  EXPECT_EQ(arrivals.take(), Numbers{7});
  arrivals.complete(2);
  EXPECT_EQ(arrivals.take(), Numbers{8});
  EXPECT_EQ(arrivals.take(), Numbers{}) << "once";
}

TEST(stream_arrivals, what_is_still_to_come_counts) {
  StreamArrivals arrivals;
  arrivals.carried(0, {{7, false}, {7, false}});
  arrivals.complete(0);
  EXPECT_EQ(arrivals.take(), Numbers{}) << "it goes on, in a block that is not cut yet";
  arrivals.carried(1, {{7, false}});
  arrivals.carried(2, {{7, true}});
  arrivals.complete(2);
  arrivals.complete(2);
  arrivals.complete(0);
  EXPECT_EQ(arrivals.take(), Numbers{}) << "the same blocks again are no news";
  arrivals.complete(1);
  EXPECT_EQ(arrivals.take(), Numbers{7});
}

TEST(stream_arrivals, empty_and_forgotten_streams) {
  StreamArrivals arrivals;
  arrivals.carried(0, {{1, true}, {2, true}});
  arrivals.forget(1);
  arrivals.complete(0);
  EXPECT_EQ(arrivals.take(), Numbers{2});
}

// One stream of 10 symbols, of which three packets are sent; what feedback can make of it.
class LyingReceiver : public ::testing::Test {
 protected:
  sim::PointingCoder coder;
  CodedSender sender{coder, {}};
  Seconds now = sim::kBeginning;

  void SetUp() override {
    sender.push(0, Buffer::allocate(1000), true, false);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(sender.next(now, 110));
  }
  Feedback telling(std::uint32_t base, std::vector<std::uint8_t> need) {
    Feedback feedback;
    feedback.highest = 2;
    feedback.received = 3;
    feedback.base = base;
    feedback.limit = 8;
    feedback.need = std::move(need);
    return feedback;
  }
};

TEST_F(LyingReceiver, has_a_block_of_which_too_little_was_sent) {
  EXPECT_EQ(sender.take(telling(1, {}), 0, now).error().code, Errc::corrupt);
  EXPECT_EQ(sender.take(telling(0, {0}), 0, now).error().code, Errc::corrupt);
  EXPECT_EQ(sender.take(telling(0, {6}), 0, now).error().code, Errc::corrupt) << "four of three";
  EXPECT_EQ(sender.take_arrived(), Numbers{});
  EXPECT_FALSE(sender.all_done());
  EXPECT_TRUE(sender.take(telling(0, {7}), 0, now)) << "the truth";
  EXPECT_TRUE(sender.take(telling(0, {255}), 1, now)) << "less than the truth harms only itself";
  EXPECT_EQ(sender.take_arrived(), Numbers{});
}

TEST_F(LyingReceiver, has_a_stream_of_which_a_part_was_never_cut_into_a_block) {
  sender.push(1, Buffer::allocate(20), false, false);
  while (sender.next(now += 0.1, 110)) {
  }
  EXPECT_FALSE(sender.take(telling(3, {}), 0, now)) << "a block that is not there";
  Feedback all = telling(2, {});
  all.highest = static_cast<std::uint32_t>(sender.packets_sent() - 1);
  ASSERT_TRUE(sender.take(all, 0, now));
  EXPECT_EQ(sender.take_arrived(), Numbers{0}) << "of stream 1 the end is missing";
}

}  // namespace
}  // namespace dcdn::coded
