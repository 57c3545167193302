#include "session/object_transfer.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <fstream>

#include "support/temp_dir.hpp"

namespace dcdn::session {
namespace {

constexpr std::uint32_t kChunkBytes = 4096;
constexpr std::uint64_t kChunks = 100;  // of two segments

struct NoWatcher : SendWatcher {
  void on_note(int, const std::string&) override {}
  void on_receipt(const SendObject&, const wire::Receipt&, ByteView) override {}
  void on_peer_pause(bool) override {}
};

class ObjectTransferTest : public ::testing::Test {
 protected:
  ObjectTransferTest() {
    object_.name = "file";
    object_.path = temp_.path() + "/file";
    std::ofstream file(object_.path, std::ios::binary);
    for (std::uint64_t chunk = 0; chunk < kChunks; ++chunk) {
      std::string content(kChunkBytes, 'x');
      content.replace(0, 8, "chunk" + std::to_string(100 + chunk));
      file << content;
    }
  }
  static SendSettings settings() {
    SendSettings settings;
    settings.chunk_bytes = kChunkBytes;
    return settings;
  }
  void connect(const message::Answer& answer) {
    transfer_.offered();
    ASSERT_TRUE(transfer_.answered(answer, {}, 1u << 20));
  }
  /// Sends what is due until `chunks` were sent, or for some seconds. Returns how many were.
  std::uint64_t send(std::uint64_t chunks) {
    std::uint64_t sent = 0;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (sent < chunks && std::chrono::steady_clock::now() < limit) {
      EXPECT_TRUE(transfer_.due_segments());
      for (; transfer_.has_chunk(); ++sent) transfer_.pop_chunk();
      std::this_thread::yield();
    }
    return sent;
  }

  test::TempDir temp_;
  asio::io_context loop_;
  NoWatcher watcher_;
  SendShared shared_{loop_.get_executor(), settings(), *sign::SecretKey::from_seed(Bytes(32, 1)), watcher_};
  SendObject object_;
  FeedHub hub_{shared_};
  ObjectTransfer transfer_{shared_, hub_, object_, [] {}};
};

// Its folder was removed, or it was killed before it noted what it had delivered: it does not ask, so that
// whoever waits for it to ask waits for ever.
TEST_F(ObjectTransferTest, AReceiverThatLostWhatItConfirmedGetsAllOfItAgain) {
  connect({});
  ASSERT_EQ(send(kChunks), kChunks);
  ASSERT_TRUE(transfer_.stored({object_.number, 1, 64 * kChunkBytes}));
  transfer_.disconnected();
  connect({});
  EXPECT_EQ(send(kChunks), kChunks);
}

TEST_F(ObjectTransferTest, AReceiverThatAsksGetsWhatItWants) {
  message::Answer answer;
  answer.ask = true;
  connect(answer);
  EXPECT_TRUE(transfer_.due_segments());
  message::Want want{object_.number, 0, std::vector<bool>(64, false)};
  want.needed[7] = true;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!transfer_.has_chunk() && std::chrono::steady_clock::now() < limit) {
    ASSERT_TRUE(transfer_.due_segments());
    ASSERT_TRUE(transfer_.wanted(want));
  }
  EXPECT_EQ(send(1), 1u);
  EXPECT_FALSE(transfer_.has_chunk());
}

}  // namespace
}  // namespace dcdn::session
