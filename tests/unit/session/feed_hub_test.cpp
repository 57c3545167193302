#include "session/feed_hub.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <fstream>

#include "sign/ed25519.hpp"
#include "support/temp_dir.hpp"

namespace dcdn::session {
namespace {

struct NoWatcher : SendWatcher {
  void on_note(int, const std::string&) override {}
  void on_receipt(const SendObject&, const wire::Receipt&, ByteView) override {}
  void on_peer_pause(bool) override {}
};

class FeedHubTest : public ::testing::Test {
 protected:
  FeedHubTest() {
    object_.name = "file";
    object_.path = temp_.path() + "/file";
    std::ofstream(object_.path) << "content";
  }
  bool is_packed(const Feed& feed) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!feed.result() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    return feed.result() && feed.result()->has_value() && feed.at(0) != nullptr;
  }

  test::TempDir temp_;
  asio::io_context loop_;
  NoWatcher watcher_;
  SendShared shared_{loop_.get_executor(), SendSettings{}, *sign::SecretKey::from_seed(Bytes(32, 1)),
                     watcher_};
  SendObject object_;
  FeedHub hub_{shared_};
};

TEST_F(FeedHubTest, StartsAFeedOnce) {
  const auto feed = hub_.shared_feed(object_);
  EXPECT_EQ(hub_.shared_feed(object_), feed);
  const auto sizer = hub_.start(object_, feed, {}, {}, 1u << 20);
  EXPECT_EQ(hub_.start(object_, feed, {}, {}, 1u << 20), sizer);
  ASSERT_TRUE(is_packed(*feed));
  EXPECT_EQ(hub_.start(object_, feed, {}, {}, 1u << 20), sizer) << "over, and not to be packed again";
}

// One may stand in memory where another one was.
TEST_F(FeedHubTest, StartsEveryPrivateFeed) {
  for (int i = 0; i < 20; ++i) {
    const auto feed = hub_.private_feed();
    (void)hub_.start(object_, feed, {}, {}, 1u << 20);
    ASSERT_TRUE(is_packed(*feed)) << "feed " << i;
  }
}

}  // namespace
}  // namespace dcdn::session
