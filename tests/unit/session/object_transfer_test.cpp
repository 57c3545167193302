#include "session/object_transfer.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

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
    settings.compress.choice.mode = compress::CompressMode::none;
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

/// A receiver that had the file delivered, before `at` of it was changed.
class ChangedFileTest : public ObjectTransferTest {
 protected:
  static constexpr std::uint64_t kSegments = 2;
  void answer_after_change(std::uint64_t at) {
    message::Answer answer;
    answer.ask = true;
    answer.segments_done = kSegments;
    for (std::uint64_t i = 0; i + 1 < kSegments; ++i) answer.marks.push_back({i, ids_before()[i]});
    answer.last_segment = ids_before()[kSegments - 1];
    change(at);
    connect(answer);
  }
  const std::vector<Digest>& ids_before() {
    if (!ids_.empty()) return ids_;
    const auto feed = hub_.private_feed();
    const int subscriber = feed->subscribe([] {});
    (void)hub_.start(object_, feed, {}, {}, 1u << 20);
    wait_for([&] { return feed->at(kSegments - 1) != nullptr; });
    for (std::uint64_t i = 0; i < kSegments; ++i) ids_.push_back(feed->at(i)->id);
    feed->unsubscribe(subscriber);
    return ids_;
  }
  /// Its time is not changed: else segment 0 would tell at once.
  void change(std::uint64_t at) const {
    const auto time = std::filesystem::last_write_time(object_.path);
    std::fstream file(object_.path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file << "changed";
    file.close();
    std::filesystem::last_write_time(object_.path, time);
  }
  void wait_for(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < limit) {
      if (done()) return;
      loop_.restart();
      loop_.poll();
      std::this_thread::yield();
    }
    FAIL() << "waited in vain";
  }
  /// Segments that come, up to `count`.
  void take_segments(std::size_t count) {
    std::size_t came = 0;
    wait_for([&] {
      const auto frames = transfer_.due_segments();
      EXPECT_TRUE(frames.has_value());
      came += frames ? frames->size() : 0;
      return came >= count;
    });
    EXPECT_EQ(came, count);
  }
  static message::Want want(std::uint64_t segment, std::size_t of, std::size_t chunk) {
    message::Want want{0, segment, std::vector<bool>(of, false)};
    want.needed[chunk] = true;
    return want;
  }
  std::vector<Digest> ids_;
};

TEST_F(ChangedFileTest, WhatWasPassedOverIsNotReadAgain) {
  answer_after_change(80 * kChunkBytes);
  take_segments(kSegments);
  std::ofstream(object_.path) << "nothing of it can be read again";
  ASSERT_TRUE(transfer_.wanted({0, 0, std::vector<bool>(64, false)}));
  ASSERT_TRUE(transfer_.wanted(want(1, 36, 80 - 64)));
  ASSERT_TRUE(transfer_.has_chunk());
  EXPECT_EQ(as_text(transfer_.next_chunk().chunk().carried.view()).substr(0, 7), "changed");
  EXPECT_FALSE(transfer_.take_begin_again());
}

TEST_F(ChangedFileTest, AChunkThatWasPassedOverIsMadeWhenItIsWanted) {
  answer_after_change(80 * kChunkBytes);
  take_segments(kSegments);
  ASSERT_TRUE(transfer_.wanted(want(0, 64, 7)));
  wait_for([&] { return transfer_.has_chunk(); });
  const auto again = transfer_.take_begin_again();
  ASSERT_TRUE(transfer_.has_chunk()) << (again ? again->message : "no error");
  EXPECT_EQ(as_text(transfer_.next_chunk().chunk().carried.view()).substr(0, 8), "chunk107");
}

TEST_F(ChangedFileTest, WhatChangesAfterItWasPassedOverBeginsAgain) {
  answer_after_change(80 * kChunkBytes);
  take_segments(kSegments);
  change(7 * kChunkBytes);
  ASSERT_TRUE(transfer_.wanted(want(0, 64, 7)));
  std::optional<Error> again;
  wait_for([&] { return (again = transfer_.take_begin_again()).has_value(); });
  EXPECT_EQ(again->code, Errc::temporary);
  EXPECT_NE(again->message.find(object_.path), std::string::npos) << again->message;
  transfer_.disconnected();
  // On the next connection all of it is read.
  message::Answer answer;
  answer.ask = true;
  connect(answer);
  take_segments(kSegments);
  ASSERT_TRUE(transfer_.wanted(want(0, 64, 7)));
  ASSERT_TRUE(transfer_.has_chunk());
  EXPECT_EQ(as_text(transfer_.next_chunk().chunk().carried.view()).substr(0, 7), "changed");
}

TEST_F(ChangedFileTest, AChainThatBecameShorterIsSentFromItsBeginning) {
  const auto before = ids_before();
  const auto time = std::filesystem::last_write_time(object_.path);
  std::filesystem::resize_file(object_.path, 10 * kChunkBytes);
  std::filesystem::last_write_time(object_.path, time);
  message::Answer answer;
  answer.ask = true;
  answer.segments_done = 5;
  answer.last_segment = before[1];
  connect(answer);
  take_segments(1);
  ASSERT_TRUE(transfer_.wanted(want(0, 10, 9)));
  EXPECT_TRUE(transfer_.has_chunk());
}

}  // namespace
}  // namespace dcdn::session
