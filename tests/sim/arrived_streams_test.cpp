// What a sender says of streams that have arrived, against what the receiver has delivered, over bad links.
#include <gtest/gtest.h>

#include "sim/coded_flow.hpp"

namespace dcdn::sim {
namespace {

// Whatever is lost, late or out of order on either way: told once, for each, and never before it is true.
void expect_honest(LinkOptions forth, LinkOptions back) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Clock clock;
    VirtualLink there(forth, seed);
    VirtualLink home(back, seed + 100);
    CodedFlow::Options options;
    options.bytes = 3'000'000;
    CodedFlow flow(clock, there, home, options);
    std::set<coded::StreamNumber> told;
    flow.watch = [&] {
      for (const coded::StreamNumber stream : flow.sender().take_arrived()) {
        EXPECT_TRUE(flow.ended_streams.contains(stream)) << stream;
        EXPECT_TRUE(told.insert(stream).second) << stream;
      }
    };
    flow.start();
    ASSERT_TRUE(clock.run([&] { return flow.sender().all_done(); }, clock.now + 300)) << "seed " << seed;
    EXPECT_EQ(told, flow.ended_streams);
    EXPECT_EQ(told.size(), 23u);
  }
}

LinkOptions link(double loss, double jitter) {
  LinkOptions made;
  made.loss = loss;
  made.jitter = jitter;
  return made;
}

TEST(arrived_streams, through_loss) {
  expect_honest(link(0.3, 0), link(0, 0));
}
TEST(arrived_streams, through_reordering) {
  expect_honest(link(0.05, 0.05), link(0.05, 0.05));
}
TEST(arrived_streams, through_lost_feedback) {
  expect_honest(link(0.1, 0), link(0.6, 0.02));
}

}  // namespace
}  // namespace dcdn::sim
