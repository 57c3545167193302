// A sender under a receiver with the expected key that says what it likes: the bounds of dcdn-session(5), and
// what they end with.
#include "message/difference_message.hpp"
#include "session/send_session.hpp"
#include "support/hostile_peer.hpp"

namespace dcdn::session {
namespace {

using test::pattern;
using wire::FrameType;

struct Receipts : SendWatcher {
  void on_note(int, const std::string&) override {}
  void on_receipt(const SendObject& object, const wire::Receipt&, ByteView) override {
    received.push_back(object.number);
  }
  void on_peer_pause(bool) override {}
  std::vector<std::uint32_t> received;
};

class HostileReceiver : public test::HostileSession {
 protected:
  void SetUp() override { connect(); }
  void TearDown() override {
    session_->stop(0, Error(Errc::interrupted, "the test is over"));
    EXPECT_TRUE(run_until([&] { return results_.has_value(); }));
    session_.reset();
    peer_.connection.reset();
    listener.reset();
  }

  /// A sender of a file of 60000 bytes in chunks of 4096: one segment of 15.
  void connect() {
    options.carrier = Carrier::streams;  // dcdn/1: nothing comes before the answer
    listen();
    const std::string path = temp_.path() + "/file";
    const Bytes content = pattern(60'000, 1);
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(content.data()), 60'000);
    SendObject object;
    object.name = "file";
    object.path = path;
    object.bytes = content.size();
    SendSettings settings;
    settings.quic = options;
    settings.chunk_bytes = 4096;
    settings.compress.choice.mode = compress::CompressMode::none;
    settings.backoff.total = std::chrono::milliseconds(0);
    std::vector<DestinationSettings> to;
    to.push_back({listener->local_address(), test::identity_of(honest_), net::testing::only(hostile_.id())});
    session_ = std::make_unique<SendSession>(io.get_executor(), settings, honest_, watcher_,
                                             std::vector<SendObject>{object}, std::move(to));
    asio::co_spawn(io, session_->run(), [this](std::exception_ptr, std::vector<DestinationResult> results) {
      results_ = std::move(results);
    });
    ASSERT_TRUE(run_until([&] { return peer_.streams().size() == 2; }));
    control_ = peer_.streams()[0];
    object_ = peer_.streams()[1];
    ASSERT_TRUE(run_until([&] { return peer_.count(object_, FrameType::offer) == 1; }));
    say(control_, FrameType::welcome, message::Welcome{1, "", 1u << 20});
  }
  void listen() {
    auto made = net::listen(io.get_executor(), "127.0.0.1:0", options, test::identity_of(hostile_),
                            net::testing::only(honest_.id()));
    ASSERT_TRUE(made) << made.error().message;
    listener = *made;
    net::spawn(io.get_executor(), listener->accept(), [this](Result<net::ConnectionPtr> accepted) {
      if (accepted) peer_.follow(std::move(*accepted));
    });
  }

  template <class Message>
  void say(net::StreamId stream, FrameType type, const Message& message, bool fin = false) {
    peer_.say(stream, type, encode(message), fin);
  }
  /// Answers so that every chunk is asked for, and waits for the segment.
  void answer_and_ask() {
    message::Answer answer;
    answer.ask = true;
    say(object_, FrameType::answer, answer);
    EXPECT_TRUE(run_until([&] { return peer_.count(object_, FrameType::signature) == 1; }));
  }
  void answer() {
    say(object_, FrameType::answer, message::Answer{});
    EXPECT_TRUE(run_until([&] { return chunks() == 15; }));
  }
  std::size_t chunks() {
    std::size_t count = 0;
    for (const auto stream : peer_.streams()) count += peer_.count(stream, FrameType::chunk);
    return count;
  }
  void want(std::uint64_t segment, std::size_t chunks) {
    say(object_, FrameType::want, message::Want{0, segment, std::vector<bool>(chunks, true)});
  }
  Digest id_of_object() {
    return wire::segment_id(peer_.heard(object_, FrameType::segment).at(0).body.view());
  }
  void receipt(const Digest& object, const sign::SecretKey& key, const NodeId& sender, bool fin = true) {
    const auto signed_receipt = wire::sign_receipt(key, sender, object, 60'000, 1'700'000'000);
    ASSERT_TRUE(signed_receipt);
    say(object_, FrameType::receipt, *signed_receipt, fin);
  }
  /// How the sender ends: what it tells the user, and this side.
  void expect_end(Errc code) {
    EXPECT_TRUE(run_until([&] { return results_.has_value(); }));
    ASSERT_FALSE(results_->at(0).result);
    EXPECT_EQ(results_->at(0).result.error().code, code) << results_->at(0).result.error().message;
    EXPECT_TRUE(watcher_.received.empty());
  }
  void expect_closed(Errc code) {
    EXPECT_EQ(ending(peer_), code) << (peer_.closed ? peer_.closed->reason : "");
    expect_end(code);
  }
  void expect_success() {
    EXPECT_TRUE(run_until([&] { return results_.has_value(); }));
    EXPECT_TRUE(results_->at(0).result) << results_->at(0).result.error().message;
    EXPECT_EQ(watcher_.received.size(), 1u);
  }
  static message::BasisPiece piece(std::uint32_t basis, std::uint32_t total, std::uint32_t offset,
                                   std::size_t size) {
    return message::BasisPiece{0, basis, total, offset, Bytes(size, 'x')};
  }
  void tell(const message::BasisPiece& piece) { say(object_, FrameType::basis, piece); }
  void compare(std::uint64_t segment, std::uint32_t chunks, std::optional<std::uint32_t> basis) {
    say(object_, FrameType::compare, message::Compare{0, segment, {{chunks, basis}}});
  }

  Receipts watcher_;
  std::unique_ptr<SendSession> session_;
  std::optional<std::vector<DestinationResult>> results_;
  test::HostilePeer peer_;
  net::StreamId control_ = -1;
  net::StreamId object_ = -1;
};

TEST_F(HostileReceiver, GetsWhatAnyOtherGetsAsLongAsItKeepsToTheProtocol) {
  answer();
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
}

// ---- answers

TEST_F(HostileReceiver, AnswersTwice) {
  answer();
  say(object_, FrameType::answer, message::Answer{});
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, AnswersForAnotherObject) {
  message::Answer other;
  other.object = 1;
  say(object_, FrameType::answer, other);
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, HasSegmentsThatDoNotExist) {
  message::Answer answer;
  answer.segments_done = 1ull << 60;
  answer.ask = true;
  answer.last_segment = digest::blake3(pattern(1, 1));
  say(object_, FrameType::answer, answer);
  // None of them is the one it named: the sender begins anew, or at the final one says what it has.
  EXPECT_TRUE(run_until([&] { return peer_.count(object_, FrameType::segment) > 0; }));
  EXPECT_EQ(chunks(), 0u);
}

TEST_F(HostileReceiver, EndsTheStreamWithoutAnAnswer) {
  peer_.say_raw(object_, {}, true);
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, EndsTheStreamWithoutAReceipt) {
  answer();
  peer_.say_raw(object_, {}, true);
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, SpeaksAnUnknownProtocol) {
  say(control_, FrameType::welcome, message::Welcome{2, "", 1u << 20});
  expect_closed(Errc::unsupported);
}

// ---- wants

TEST_F(HostileReceiver, WantsBeforeItAnswers) {
  want(0, 15);
  answer();
  EXPECT_EQ(chunks(), 15u);
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
}

TEST_F(HostileReceiver, WantsSegmentsThatDoNotExist) {
  answer_and_ask();
  for (std::uint64_t segment = 1; segment < 1000; ++segment) want(segment << 40, 15);
  want(0, 15);
  EXPECT_TRUE(run_until([&] { return chunks() == 15; }));
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
}

TEST_F(HostileReceiver, WantsTheSameAgainAndAgain) {
  answer_and_ask();
  for (int i = 0; i < 100; ++i) want(0, 15);
  EXPECT_TRUE(run_until([&] { return chunks() >= 15; }));
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
  EXPECT_EQ(chunks(), 15u);
}

TEST_F(HostileReceiver, WantsChunksThatASegmentDoesNotHave) {
  answer_and_ask();
  want(0, 16);
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, WantsOfAnotherObject) {
  answer_and_ask();
  say(object_, FrameType::want, message::Want{1, 0, std::vector<bool>(15, true)});
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, HasStoredWhatWasNotSent) {
  answer_and_ask();
  say(object_, FrameType::stored, message::Stored{0, 1000, 1ull << 59});
  want(0, 15);
  EXPECT_TRUE(run_until([&] { return chunks() == 15; }));
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
}

// ---- older files

TEST_F(HostileReceiver, TellsSignaturesOutOfOrder) {
  answer_and_ask();
  tell(piece(1, 10, 0, 10));
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, LeavesAGapInASignature) {
  answer_and_ask();
  tell(piece(0, 100, 0, 10));
  tell(piece(0, 100, 20, 10));
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, TellsMoreThanASignatureHas) {
  answer_and_ask();
  tell(piece(0, 100, 0, 60));
  tell(piece(0, 100, 60, 60));
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, TellsMoreSignaturesThanMayBe) {
  answer_and_ask();
  tell(piece(0, message::kMaxBasisBytes, 0, 60'000));
  std::uint32_t at = 60'000;
  while (at < message::kMaxBasisBytes) {
    const std::size_t size = std::min<std::size_t>(message::kMaxBasisBytes - at, 60'000);
    tell(piece(0, message::kMaxBasisBytes, at, size));
    at += static_cast<std::uint32_t>(size);
  }
  tell(piece(1, 10, 0, 10));
  expect_closed(Errc::limit);
}

// A signature of a byte is none, and costs more to hold than it has bytes.
TEST_F(HostileReceiver, TellsTooManySignatures) {
  answer_and_ask();
  Bytes frames;
  for (std::uint32_t i = 0; i <= message::kMaxBases; ++i)
    wire::append_frame(frames, FrameType::basis, message::encode(piece(i, 1, 0, 1)));
  peer_.say_raw(object_, frames);
  expect_closed(Errc::limit);
}

TEST_F(HostileReceiver, ComparesWithWhatItDidNotTell) {
  answer_and_ask();
  compare(0, 15, 0);
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, ComparesWithHalfASignature) {
  answer_and_ask();
  tell(piece(0, 100, 0, 60));
  compare(0, 15, 0);
  expect_closed(Errc::corrupt);
}

// What is compared with a signature that is none travels as it is; and of segments that do not exist nothing
// is held.
TEST_F(HostileReceiver, ComparesWithNonsenseAndGetsTheChunks) {
  answer_and_ask();
  tell(piece(0, 100, 0, 100));
  for (std::uint64_t segment = 1; segment < 1000; ++segment) compare(segment, 4096, 0);
  compare(0, 15, 0);
  compare(0, 14, 0);
  compare(0, 15, 0);
  want(0, 15);
  EXPECT_TRUE(run_until([&] { return chunks() == 15; }));
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
}

TEST_F(HostileReceiver, ComparesInTooManyRuns) {
  answer_and_ask();
  message::Compare compare{0, 0,
                           std::vector<message::CompareRun>(message::kMaxCompareRuns + 1, {1, std::nullopt})};
  say(object_, FrameType::compare, compare);
  expect_closed(Errc::corrupt);
}

// ---- the end

TEST_F(HostileReceiver, SignsForAnotherObject) {
  answer();
  receipt(digest::blake3(pattern(1, 1)), hostile_, honest_.id());
  expect_end(Errc::bad_signature);
}

TEST_F(HostileReceiver, SignsWithAnotherKey) {
  answer();
  receipt(id_of_object(), test::session_key(9), honest_.id());
  expect_end(Errc::bad_signature);
}

TEST_F(HostileReceiver, SignsForAnotherSender) {
  answer();
  receipt(id_of_object(), hostile_, test::session_key(9).id());
  expect_end(Errc::bad_signature);
}

TEST_F(HostileReceiver, SignsBeforeAnythingWasSent) {
  receipt(digest::blake3(pattern(1, 1)), hostile_, honest_.id(), false);
  say(object_, FrameType::answer, message::Answer{});
  expect_end(Errc::bad_signature);
}

TEST_F(HostileReceiver, SaysMoreBehindTheReceipt) {
  answer();
  receipt(id_of_object(), hostile_, honest_.id(), false);
  say(object_, FrameType::failure, message::Failure{0, message::code_number(Errc::io), "no"});
  say(object_, FrameType::answer, message::Answer{});
  want(0, 3);
  expect_success();
}

TEST_F(HostileReceiver, SignsBehindItsFailure) {
  answer();
  say(object_, FrameType::failure, message::Failure{0, message::code_number(Errc::no_space), "full"});
  receipt(id_of_object(), hostile_, honest_.id());
  expect_end(Errc::no_space);
}

// ---- frames and streams

TEST_F(HostileReceiver, FramesOverTheLimitOfTheirTypeAreCorrupt) {
  peer_.say(object_, FrameType::answer, Bytes(wire::kMaxSmallBody + 1));
  expect_closed(Errc::corrupt);
}

TEST_F(HostileReceiver, FramesThatHaveNoMeaningHereAreSkipped) {
  const auto unknown = static_cast<FrameType>(0x7F);
  for (int i = 0; i < 300; ++i) {
    peer_.say(object_, unknown, Bytes(wire::kMaxSmallBody));
    say(control_, FrameType::hello, message::Hello{});
    say(control_, FrameType::join, message::Join{});
    say(object_, FrameType::offer, message::Offer{});
  }
  answer();
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
}

TEST_F(HostileReceiver, OpensStreamsItself) {
  for (int i = 0; i < 50; ++i) {
    peer_.say(peer_.open(), FrameType::welcome, Bytes(100), true);
    peer_.say(peer_.open_chunks(), FrameType::chunk, Bytes(10'000), true);
  }
  answer();
  receipt(id_of_object(), hostile_, honest_.id());
  expect_success();
}

TEST_F(HostileReceiver, GivesUpTheObjectsStream) {
  answer();
  peer_.connection->reset_stream(object_, 1);
  expect_end(Errc::temporary);
}

}  // namespace
}  // namespace dcdn::session
