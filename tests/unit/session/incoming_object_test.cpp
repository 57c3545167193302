// An incoming object that is fed by hand: it needs no connection; and who has which slot and output.
#include "session/incoming_object.hpp"

#include <asio/io_context.hpp>

#include "sink/raw_sink.hpp"
#include "sink/stream_sink.hpp"
#include "support/hostile_peer.hpp"
#include "support/sink_fixture.hpp"

namespace dcdn::session {
namespace {

/// What one object has said.
struct Said {
  int answers = 0;
  std::vector<message::Want> wants;
  std::optional<wire::Receipt> receipt;
  std::optional<Error> failed;
  bool ended = false;
};

class Listening : public ObjectPeer {
 public:
  Listening(Said& said, bool early) : said_(said), early_(early) {}
  void answer(const message::Answer&) override { ++said_.answers; }
  void want(const message::Want& want, ByteView) override { said_.wants.push_back(want); }
  void stored(const message::Stored&) override {}
  void progressed(std::uint64_t) override {}
  void receipt(const wire::Receipt& receipt) override { said_.receipt = receipt; }
  void failed(const Error& error) override { said_.failed = error; }
  void lost(const Error&) override {}
  void ended() override { said_.ended = true; }
  [[nodiscard]] bool begins_early() const override { return early_; }
  [[nodiscard]] std::chrono::microseconds round_trip() const override { return {}; }

 private:
  Said& said_;
  bool early_;
};

struct NobodyWatches : ReceiveWatcher {
  void on_note(int, const std::string&) override {}
  void on_session(const std::string&, const NodeId&, const std::string&) override {}
  void on_session_progress(const std::string&, const std::string&, std::uint64_t, std::uint64_t) override {}
  void on_session_end(const std::string&, const Error*) override {}
  void on_delivered(const ReceivedObject&) override {}
  void on_object_failed(const std::string&, const NodeId&, const Error&) override {}
};

class IncomingObjectTest : public ::testing::Test {
 protected:
  void TearDown() override {
    objects_.clear();
    settle();
    EXPECT_EQ(shared_.use_count(), 1);
  }
  /// To one output, raw or as a chunk stream.
  void receive(bool raw) {
    ReceiveSettings settings;
    settings.fsync = false;
    settings.one_output = true;
    settings.in_turn = raw;
    settings.make_sink = [this, raw](const message::Offer& offer, const NodeId&,
                                     std::chrono::microseconds) -> Result<std::shared_ptr<sink::ObjectSink>> {
      ++sinks_;
      return std::shared_ptr<sink::ObjectSink>(raw ? sink::make_raw_sink(output_.fd(), offer.kind)
                                                   : sink::make_stream_sink(output_.fd()));
    };
    shared_ = std::make_shared<ReceiveShared>(io_.get_executor(), settings, test::session_key(1), watcher_);
  }
  IncomingObject& begin(Said& said, const std::shared_ptr<ChunkDesk>& desk, const std::string& name,
                        std::uint32_t number = 0, bool early = false) {
    message::Offer offer;
    offer.object = number;
    offer.kind = wire::ObjectKind::file;
    offer.name = name;
    objects_.push_back(std::make_shared<IncomingObject>(shared_, desk, sender_.id(), offer,
                                                        std::make_unique<Listening>(said, early)));
    objects_.back()->begin();
    return *objects_.back();
  }
  static std::shared_ptr<ChunkDesk> desk() { return std::make_shared<ChunkDesk>(); }
  void manifest(IncomingObject& object, const test::MadeObject& made) {
    BufferPool pool(0);
    FrameStream frames(pool);
    for (std::size_t i = 0; i < made.segments.size(); ++i) {
      const auto taken = frames.feed(
          test::signed_frames(sender_, made, i), false,
          [&](const wire::Frame& frame) { return object.take_manifest(frame, [this] { ++credits_; }); });
      ASSERT_TRUE(taken) << taken.error().message;
    }
  }
  void chunk(const std::shared_ptr<ChunkDesk>& desk, const test::MadeObject& made, std::size_t i) {
    shared_->worker.post([this, desk, digest = made.order[i], content = made.chunks.at(made.order[i])] {
      IncomingObject::tell(*shared_, *desk, desk->take({digest, content}, shared_->pool, [] {}));
    });
  }
  void chunks(const std::shared_ptr<ChunkDesk>& desk, const test::MadeObject& made) {
    for (std::size_t i = 0; i < made.order.size(); ++i) chunk(desk, made, i);
  }
  /// Until neither the store nor the loop has anything to do.
  void settle() {
    do {
      shared_->worker.drain();
      io_.restart();
    } while (io_.poll() > 0);
  }
  static test::MadeObject made_of(const Bytes& content) {
    test::ObjectMaker maker(wire::ObjectKind::file);
    return maker.carries_repeats().file("", content).finish();
  }

  asio::io_context io_;
  test::Output output_;
  NobodyWatches watcher_;
  sign::SecretKey sender_ = test::session_key(2);
  std::shared_ptr<ReceiveShared> shared_;
  std::vector<std::shared_ptr<IncomingObject>> objects_;
  int sinks_ = 0;
  std::atomic<int> credits_{0};
};

TEST_F(IncomingObjectTest, IsFedByWhoeverHasSomethingOfIt) {
  receive(true);
  Said said;
  const auto at = desk();
  auto& object = begin(said, at, "name");
  settle();
  EXPECT_EQ(said.answers, 1);
  const Bytes content = test::pattern(50'000, 1);
  const auto made = made_of(content);
  chunk(at, made, 3);  // of one who has only this, and is faster than the manifest
  manifest(object, made);
  settle();
  EXPECT_EQ(credits_, 2 * static_cast<int>(made.segments.size()));
  chunks(at, made);
  settle();
  ASSERT_TRUE(said.receipt);
  EXPECT_EQ(said.receipt->object, made.segments.back().id);
  EXPECT_EQ(said.receipt->sender, sender_.id());
  EXPECT_TRUE(said.ended);
  EXPECT_EQ(output_.bytes(), content);
}

TEST_F(IncomingObjectTest, GivesCreditForWhatCameEarlyWhenItEnds) {
  receive(true);
  Said said;
  const auto made = made_of(test::pattern(9000, 1));
  manifest(begin(said, desk(), "name", 0, true), made);
  objects_.back()->end(false);
  EXPECT_EQ(credits_, 2 * static_cast<int>(made.segments.size()));
  EXPECT_TRUE(said.ended);
  settle();
  EXPECT_EQ(said.answers, 0);  // it says nothing after that
}

// A raw output takes repeats, which the sender cannot know before it is told.
TEST_F(IncomingObjectTest, WhatCameEarlyCountsOnlyIfTheAnswerIsAsExpected) {
  const auto made = test::file_object(test::pattern(9000, 1));
  for (const bool raw : {true, false}) {
    receive(raw);
    Said said;
    credits_ = 0;
    const auto at = desk();
    auto& object = begin(said, at, "name", 0, true);
    manifest(object, made);
    settle();
    chunks(at, made);
    settle();
    EXPECT_EQ(credits_, 2 * static_cast<int>(made.segments.size()));
    EXPECT_FALSE(said.failed);
    EXPECT_EQ(said.receipt.has_value(), !raw);
    objects_.clear();
    settle();
  }
}

TEST_F(IncomingObjectTest, AnOutputTakesOneObjectAfterTheOther) {
  receive(true);
  Said first, second, third;
  const auto first_desk = desk(), second_desk = desk();
  auto& one = begin(first, first_desk, "one");
  auto& two = begin(second, second_desk, "two");
  begin(third, first_desk, "three", 1);
  settle();
  EXPECT_EQ(first.answers, 1);
  EXPECT_EQ(second.answers + third.answers, 0);
  manifest(one, made_of(test::pattern(5000, 1)));
  chunks(first_desk, made_of(test::pattern(5000, 1)));
  settle();
  EXPECT_TRUE(first.receipt);
  EXPECT_EQ(second.answers, 1);
  EXPECT_EQ(third.answers, 0);
  two.fail(Error(Errc::corrupt, "no good"));
  settle();
  EXPECT_EQ(third.answers, 1);
  EXPECT_EQ(output_.bytes(), test::pattern(5000, 1));
}

TEST_F(IncomingObjectTest, AnOutputWaitsForASenderThatComesBack) {
  receive(true);
  Said first, second, again;
  const Bytes content = test::pattern(9000, 1);
  const auto made = made_of(content);
  const auto first_desk = desk(), later_desk = desk();
  auto& one = begin(first, first_desk, "one");
  settle();
  manifest(one, made);
  chunk(first_desk, made, 0);
  begin(second, desk(), "two");
  settle();
  one.end(true);
  settle();
  EXPECT_TRUE(first.ended);
  EXPECT_FALSE(first.failed);
  EXPECT_EQ(second.answers, 0);
  auto& back = begin(again, later_desk, "one");
  settle();
  EXPECT_EQ(again.answers, 1);
  EXPECT_EQ(sinks_, 1);
  manifest(back, made);
  settle();
  ASSERT_EQ(again.wants.size(), 1u);
  EXPECT_EQ(again.wants[0].needed, (std::vector<bool>{false, true, true}));
  chunks(later_desk, made);
  settle();
  EXPECT_TRUE(again.receipt);
  EXPECT_EQ(second.answers, 1);
  EXPECT_EQ(output_.bytes(), content);
}

TEST_F(IncomingObjectTest, ASlotGoesToWhoeverCameLast) {
  receive(false);
  Said first, second, other;
  begin(first, desk(), "name");
  begin(other, desk(), "another name");
  begin(second, desk(), "name");
  settle();
  ASSERT_TRUE(first.failed);
  EXPECT_EQ(first.failed->code, Errc::locked);
  EXPECT_TRUE(first.ended);
  EXPECT_EQ(first.answers, 0);
  EXPECT_EQ(second.answers, 1);
  EXPECT_EQ(other.answers, 1);
  objects_[0]->end(false);  // too late to take the slot from anybody
  Said third;
  begin(third, desk(), "name");
  settle();
  EXPECT_TRUE(second.failed);
  EXPECT_EQ(third.answers, 1);
}

TEST_F(IncomingObjectTest, ANameIsOfferedOnceAtATime) {
  receive(false);
  Said first, second;
  const auto at = desk();
  begin(first, at, "name");
  begin(second, at, "name", 1);
  settle();
  ASSERT_TRUE(second.failed);
  EXPECT_EQ(second.failed->code, Errc::usage);
  EXPECT_FALSE(first.failed);
  EXPECT_EQ(first.answers, 1);
}

}  // namespace
}  // namespace dcdn::session
