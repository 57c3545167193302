#include "session/feed.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "digest/hasher.hpp"
#include "source/packed_segment.hpp"

namespace dcdn::session {
namespace {

source::PackedSegment segment_of(std::uint64_t index, std::size_t bytes) {
  source::PackedSegment segment;
  segment.index = index;
  segment.id = digest::blake3(as_bytes(std::to_string(index)));
  segment.frames = Buffer::allocate(0);
  segment.chunks.push_back({wire::ChunkRecord{}, Buffer::allocate(bytes), false});
  return segment;
}

TEST(Feed, HoldsASegmentUntilEverySubscriberReleasedIt) {
  Feed feed(std::make_shared<FeedBudget>(1000));
  const int first = feed.subscribe([] {});
  const int second = feed.subscribe([] {});
  ASSERT_TRUE(feed.push(segment_of(0, 10)));
  ASSERT_TRUE(feed.push(segment_of(1, 10)));
  feed.release(first, 2);
  EXPECT_EQ(feed.base(), 0u);
  EXPECT_NE(feed.at(0), nullptr);
  feed.release(second, 1);
  EXPECT_EQ(feed.base(), 1u);
  EXPECT_EQ(feed.at(0), nullptr);
  EXPECT_EQ(feed.id_before_base(), segment_of(0, 0).id);
  feed.unsubscribe(second);
  EXPECT_EQ(feed.base(), 2u);
}

// A receiver that was killed after it stored the last chunk and before its receipt asks with all segments
// done: it waits for the final one once more.
TEST(Feed, TheFinalSegmentCanBeRepeatedAfterItsRelease) {
  auto budget = std::make_shared<FeedBudget>(1000);
  Feed feed(budget);
  const int subscriber = feed.subscribe([] {});
  ASSERT_TRUE(feed.push(segment_of(0, 10)));
  source::PackedSegment last = segment_of(1, 10);
  last.final = true;
  ASSERT_TRUE(feed.push(std::move(last)));
  feed.release(subscriber, 2);
  EXPECT_EQ(feed.base(), 1u);
  ASSERT_NE(feed.at(1), nullptr);
  EXPECT_TRUE(feed.at(1)->final);
  EXPECT_EQ(budget->held, 10u);
  feed.unsubscribe(subscriber);
  EXPECT_EQ(feed.at(1), nullptr);
  EXPECT_EQ(budget->held, 0u);
}

// Small files: few bytes, and much to keep for a receiver that has to wait for the first of them.
TEST(Feed, PushWaitsWhenMuchManifestIsUnderWay) {
  Feed feed(std::make_shared<FeedBudget>(1'000'000));
  const int subscriber = feed.subscribe([] {});
  const auto large = [](std::uint64_t index) {
    source::PackedSegment segment = segment_of(index, 10);
    segment.records = 200'000;
    return segment;
  };
  ASSERT_TRUE(feed.push(large(0)));
  ASSERT_TRUE(feed.push(large(1)));
  std::atomic<bool> pushed{false};
  std::thread packer([&] { pushed = feed.push(large(2)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(pushed);
  feed.release(subscriber, 1);
  packer.join();
  EXPECT_TRUE(pushed);
}

TEST(Feed, PushWaitsForRoomAndEverySubscriberIsWoken) {
  auto budget = std::make_shared<FeedBudget>(25);
  Feed feed(budget);
  int woken = 0;
  const int subscriber = feed.subscribe([&woken] { ++woken; });
  ASSERT_TRUE(feed.push(segment_of(0, 10)));
  ASSERT_TRUE(feed.push(segment_of(1, 10)));
  std::atomic<bool> pushed{false};
  std::thread packer([&] {
    EXPECT_TRUE(feed.push(segment_of(2, 10)));
    pushed = true;
  });
  EXPECT_EQ(feed.at(2), nullptr);
  EXPECT_FALSE(pushed);
  feed.release(subscriber, 1);
  packer.join();
  EXPECT_NE(feed.at(2), nullptr);
  EXPECT_EQ(budget->held, 20u);
  EXPECT_EQ(woken, 3);
}

TEST(Feed, OneSegmentLargerThanTheBudgetStillPasses) {
  Feed feed(std::make_shared<FeedBudget>(5));
  feed.subscribe([] {});
  EXPECT_TRUE(feed.push(segment_of(0, 100)));
}

TEST(Feed, TheLastSubscriberLeavingEndsPackingAndGivesTheBudgetBack) {
  auto budget = std::make_shared<FeedBudget>(10);
  Feed feed(budget);
  const int subscriber = feed.subscribe([] {});
  ASSERT_TRUE(feed.push(segment_of(0, 10)));
  std::thread packer([&] { EXPECT_FALSE(feed.push(segment_of(1, 10))); });
  feed.unsubscribe(subscriber);
  packer.join();
  EXPECT_TRUE(feed.cancelled());
  EXPECT_EQ(budget->held, 0u);
}

TEST(Feed, TheBudgetIsSharedByFeeds) {
  auto budget = std::make_shared<FeedBudget>(30);
  Feed one(budget);
  {
    Feed other(budget);
    one.subscribe([] {});
    other.subscribe([] {});
    ASSERT_TRUE(one.push(segment_of(0, 20)));
    ASSERT_TRUE(other.push(segment_of(0, 20)));  // its first: always allowed
    EXPECT_EQ(budget->held, 40u);
  }
  EXPECT_EQ(budget->held, 20u);
}

TEST(Feed, TellsHowPackingEnded) {
  Feed feed(std::make_shared<FeedBudget>(10));
  EXPECT_FALSE(feed.result().has_value());
  feed.finish(Error(Errc::changed, "x: changed"));
  ASSERT_TRUE(feed.result().has_value());
  EXPECT_EQ(feed.result()->error().code, Errc::changed);
}

/// Whether the next segment may be compressed now: somebody waits for that, and is let go at the end.
class Turn {
 public:
  explicit Turn(Feed& feed) : feed_(feed), thread_([this] { run(); }) {}
  ~Turn() {
    feed_.let_run();
    thread_.join();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] bool comes() const {
    for (int i = 0; i < 5000 && !came_; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return came_;
  }
  [[nodiscard]] bool is_waited_for() const {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return !came_;
  }

 private:
  void run() {
    feed_.wait_for_turn();
    came_ = true;
  }
  Feed& feed_;
  std::atomic<bool> came_{false};
  std::thread thread_;
};

TEST(Feed, BeforeALinkIsKnownWhatWasPushedGoesFirst) {
  Feed feed(std::make_shared<FeedBudget>(1u << 20));
  const int slow = feed.subscribe([] {});
  const int fast = feed.subscribe([] {});
  EXPECT_TRUE(Turn(feed).comes()) << "nothing is pushed";
  Feed other(std::make_shared<FeedBudget>(1u << 20));
  const int only = other.subscribe([] {});
  ASSERT_TRUE(other.push(segment_of(0, 100)));
  {
    const Turn turn(other);
    EXPECT_TRUE(turn.is_waited_for());
    other.mark_sent(only, 1);
    EXPECT_TRUE(turn.comes());
  }
  ASSERT_TRUE(feed.push(segment_of(0, 100)));
  feed.mark_sent(fast, 1);
  EXPECT_TRUE(Turn(feed).comes()) << "whoever is behind does not count";
  (void)slow;
}

TEST(Feed, OfAKnownLinkOneSegmentAndTwoSecondsAreAhead) {
  for (const double rate : {100.0, 10'000.0}) {
    Feed feed(std::make_shared<FeedBudget>(1u << 20));
    const int subscriber = feed.subscribe([] {});
    ASSERT_TRUE(feed.push(segment_of(0, 1000)));
    ASSERT_TRUE(feed.push(segment_of(1, 1000)));
    const Turn turn(feed);
    EXPECT_TRUE(turn.is_waited_for());
    feed.set_rate(rate);
    if (rate < 1000) {
      EXPECT_TRUE(turn.is_waited_for()) << "two segments are twenty seconds";
      feed.mark_sent(subscriber, 1);
    }
    EXPECT_TRUE(turn.comes());
  }
}

TEST(Feed, NobodyWaitsForATurnThatDoesNotMatterAnyMore) {
  for (const bool cancelled : {true, false}) {
    Feed feed(std::make_shared<FeedBudget>(1u << 20));
    const int subscriber = feed.subscribe([] {});
    ASSERT_TRUE(feed.push(segment_of(0, 100)));
    const Turn turn(feed);
    EXPECT_TRUE(turn.is_waited_for());
    if (cancelled) {
      feed.unsubscribe(subscriber);
    } else {
      feed.let_run();
    }
    EXPECT_TRUE(turn.comes());
  }
}

}  // namespace
}  // namespace dcdn::session
