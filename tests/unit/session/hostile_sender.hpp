// hostile_sender.hpp - a receiver, and a sender with an accepted key that says what a test likes.
#pragma once
#include <future>

#include "message/difference_message.hpp"
#include "session/receiver.hpp"
#include "sink/directory_sink.hpp"
#include "sink/stream_sink.hpp"
#include "store/receive_dir.hpp"
#include "support/hostile_peer.hpp"
#include "support/sink_fixture.hpp"

namespace dcdn::session {

using test::MadeObject;
using test::pattern;
using wire::FrameType;

/// What the receiver told its user.
struct ToldByReceiver : ReceiveWatcher {
  void on_note(int, const std::string&) override {}
  void on_session(const std::string&, const NodeId&, const std::string&) override { ++sessions; }
  void on_session_progress(const std::string&, const std::string& name, std::uint64_t,
                           std::uint64_t) override {
    longest_name = std::max(longest_name, name.size());
  }
  void on_session_end(const std::string&, const Error*) override {}
  void on_delivered(const ReceivedObject& object) override { delivered.push_back(object.name); }
  void on_object_failed(const std::string&, const NodeId&, const Error&) override {}
  int sessions = 0;
  std::size_t longest_name = 0;
  std::vector<std::string> delivered;
};

class HostileSender : public test::HostileSession {
 protected:
  void SetUp() override { connect(peer_); }
  void TearDown() override {
    let_store_run();
    peer_.connection.reset();
    other_.connection.reset();
    if (receiver_) {
      listener->stop();
      receiver_->stop(std::nullopt);
      EXPECT_TRUE(run_until([&] { return stopped_; }));
      // Its last words to the loop, which is told them, until nothing is left that could post to either.
      receiver_.reset();
      for (int i = 0; i < 100 && shared_.use_count() > 1; ++i) {
        shared_->worker.drain();
        io.restart();
        io.poll();
      }
      EXPECT_EQ(shared_.use_count(), 1);
    }
    shared_.reset();
    ledger_.reset();
  }

  void start_receiver() {
    auto dir = store::ReceiveDir::open(out());
    ASSERT_TRUE(dir);
    ReceiveSettings settings;
    ledger_ = std::make_shared<store::PromiseLedger>(limits_, output_ ? nullptr : *dir);
    settings.fsync = false;
    std::filesystem::create_directories(temp_.path() + "/delivered");
    settings.one_output = output_.has_value();
    settings.make_sink = output_ ? into_output() : into(*dir);
    shared_ = std::make_shared<ReceiveShared>(io.get_executor(), settings, honest_, told_);
    auto made = net::listen(io.get_executor(), "127.0.0.1:0", options, test::identity_of(honest_),
                            net::testing::anyone());
    ASSERT_TRUE(made) << made.error().message;
    listener = *made;
    address_ = listener->local_address();
    receiver_ = std::make_unique<Receiver>(shared_, false);
    take_next();
    net::spawn(io.get_executor(), receiver_->run(), [this](Result<void>) { stopped_ = true; });
  }
  void take_next() {
    net::spawn(io.get_executor(), listener->accept(), [this](Result<net::ConnectionPtr> connection) {
      if (!connection || !receiver_) return;
      receiver_->take(std::move(*connection));
      take_next();
    });
  }
  MakeSink into_output() {
    return [fd = output_->fd(), ledger = ledger_](
               const message::Offer&, const NodeId&,
               std::chrono::microseconds) -> Result<std::shared_ptr<sink::ObjectSink>> {
      return std::shared_ptr<sink::ObjectSink>(sink::make_stream_sink(fd, ledger->open()));
    };
  }
  MakeSink into(std::shared_ptr<store::ReceiveDir> dir) const {
    return [dir = std::move(dir), ledger = ledger_, delivered = temp_.path() + "/delivered"](
               const message::Offer& offer, const NodeId& sender,
               std::chrono::microseconds) -> Result<std::shared_ptr<sink::ObjectSink>> {
      store::PartObject::Options part;
      part.sender = sender;
      part.name = offer.name;
      part.kind = offer.kind;
      part.fsync = false;
      part.promise = ledger->open();
      const sink::OlderFiles older{true, {}, offer.object, offer.bytes, {}};
      return std::shared_ptr<sink::ObjectSink>(sink::make_directory_sink(dir, part, delivered, older));
    };
  }
  void connect(test::HostilePeer& peer) { connect(peer, hostile_); }
  void connect(test::HostilePeer& peer, const sign::SecretKey& key) {
    if (!receiver_) start_receiver();
    auto task = net::connect(io.get_executor(), address_, options, test::identity_of(key),
                             net::testing::only(honest_.id()));
    net::spawn(io.get_executor(), std::move(task), [&peer](Result<net::ConnectionPtr> made) {
      ASSERT_TRUE(made) << made.error().message;
      peer.follow(std::move(*made));
    });
    ASSERT_TRUE(run_until([&] { return peer.connection != nullptr; }));
  }
  /// Another kind of connection than the one of SetUp.
  void again_with(Carrier carrier) {
    TearDown();
    stopped_ = false;
    options.carrier = carrier;
    connect(peer_);
  }

  template <class Message>
  void say(net::StreamId stream, FrameType type, const Message& message, bool fin = false) {
    peer_.say(stream, type, encode(message), fin);
  }
  net::StreamId hello() {
    const auto stream = peer_.open();
    say(stream, FrameType::hello, message::Hello{});
    return stream;
  }
  /// Waits for the credit of streams that have ended.
  net::StreamId open() {
    std::optional<net::StreamId> stream;
    EXPECT_TRUE(run_until([&] {
      if (const auto made = peer_.connection->open_bidirectional()) stream = *made;
      return stream.has_value();
    }));
    return stream.value_or(-1);
  }
  net::StreamId offer(std::uint32_t number, const std::string& name = "name", std::uint64_t bytes = 0) {
    const auto stream = open();
    message::Offer offer;
    offer.object = number;
    if (bytes > 0) offer.bytes = bytes;
    offer.kind = wire::ObjectKind::file;
    offer.name = name;
    say(stream, FrameType::offer, offer);
    return stream;
  }
  /// Hello and an offer that is answered.
  net::StreamId begin(const std::string& name = "name") {
    hello();
    const auto stream = offer(0, name);
    EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::answer) == 1; }));
    return stream;
  }
  void send_segment(net::StreamId stream, const MadeObject& object, std::size_t segment) {
    peer_.say_raw(stream, test::signed_frames(hostile_, object, segment));
  }
  void send_chunk(const Buffer& content, bool fin = true) {
    Bytes body = bytes_of(digest::blake3(content.view()).view());
    body.insert(body.end(), content.view().begin(), content.view().end());
    peer_.say(peer_.open_chunks(), FrameType::chunk, body, fin);
  }
  static Bytes bytes_of(ByteView view) { return Bytes(view.begin(), view.end()); }
  void send_all(net::StreamId stream, const MadeObject& object) {
    for (std::size_t i = 0; i < object.segments.size(); ++i) send_segment(stream, object, i);
    for (const auto& [digest, content] : object.chunks) send_chunk(content);
  }
  /// The receiver still does its work for an honest transfer on this connection.
  void expect_delivery(std::uint32_t number, const std::string& name) {
    const auto stream = offer(number, name);
    EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::answer) == 1; }));
    send_all(stream, test::file_object(pattern(20'000, number + 1)));
    EXPECT_TRUE(run_until([&] { return peer_.count(stream, FrameType::receipt) == 1; }));
  }

  /// Nothing is answered, stored or finished until let_store_run().
  void hold_store() {
    hold_.emplace();
    shared_->worker.post([held = hold_->get_future().share()] { held.wait(); });
  }
  void let_store_run() {
    if (hold_) hold_->set_value();
    hold_.reset();
  }
  /// Has read all that was said, and not closed for it: refuses a name that is offered already.
  void expect_alive() {
    const auto stream = offer(60000, "name");
    EXPECT_TRUE(run_until([&] { return peer_.failed(stream) || peer_.closed; }));
    EXPECT_FALSE(peer_.closed);
  }

  std::string out() const { return temp_.path() + "/out"; }
  std::size_t final_files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(out()))
      count += entry.path().filename() != ".dcdn-part" ? 1 : 0;
    return count;
  }

  ToldByReceiver told_;
  store::ReceiveLimits limits_;
  std::shared_ptr<store::PromiseLedger> ledger_;
  std::optional<test::Output> output_;  // all goes there as a chunk stream; none: into out()
  std::string address_;
  std::shared_ptr<ReceiveShared> shared_;
  std::unique_ptr<Receiver> receiver_;
  bool stopped_ = false;
  std::optional<std::promise<void>> hold_;
  test::HostilePeer peer_;
  test::HostilePeer other_;
};

}  // namespace dcdn::session
