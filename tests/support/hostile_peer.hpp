// hostile_peer.hpp - a peer with an accepted key that speaks QUIC as it should, and of the session
// (dcdn-session(5)) whatever a test tells it, in whatever order.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "session/frame_stream.hpp"
#include "sign/ed25519.hpp"
#include "support/memory_growth.hpp"
#include "support/object_maker.hpp"
#include "support/temp_dir.hpp"
#include "unit/net/quic_fixture.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::test {

class HostilePeer : private net::ConnectionEvents {
 public:
  HostilePeer() = default;
  HostilePeer(const HostilePeer&) = delete;
  HostilePeer& operator=(const HostilePeer&) = delete;
  ~HostilePeer() override {
    if (connection) connection->set_events(nullptr);
  }
  /// What was heard on a connection before is forgotten: its streams have the same numbers.
  void follow(net::ConnectionPtr made) {
    frames_.clear();
    readers_.clear();
    closed.reset();
    connection = std::move(made);
    connection->set_events(this);
  }
  net::StreamId open() {
    const auto stream = connection->open_bidirectional();
    EXPECT_TRUE(stream);
    return stream ? *stream : -1;
  }
  net::StreamId open_chunks() {
    const auto stream = connection->open_unidirectional();
    EXPECT_TRUE(stream);
    return stream ? *stream : -1;
  }
  void say(net::StreamId stream, wire::FrameType type, ByteView body, bool fin = false) {
    connection->send(stream, Buffer::copy_of(wire::make_frame(type, body)), fin);
  }
  /// Bytes that need not be a frame.
  void say_raw(net::StreamId stream, ByteView bytes, bool fin = false) {
    connection->send(stream, Buffer::copy_of(bytes), fin);
  }
  /// What came on a stream, of one type.
  [[nodiscard]] std::vector<wire::Frame> heard(net::StreamId stream, wire::FrameType type) const {
    std::vector<wire::Frame> of_type;
    const auto found = frames_.find(stream);
    if (found == frames_.end()) return of_type;
    std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(of_type),
                 [type](const wire::Frame& frame) { return frame.type == type; });
    return of_type;
  }
  [[nodiscard]] std::size_t count(net::StreamId stream, wire::FrameType type) const {
    return heard(stream, type).size();
  }
  /// The failure that came on an object's stream, if any.
  [[nodiscard]] std::optional<Errc> failed(net::StreamId stream) const {
    const auto failures = heard(stream, wire::FrameType::failure);
    if (failures.empty()) return std::nullopt;
    const auto failure = message::parse<message::Failure>(failures[0].body.view());
    EXPECT_TRUE(failure);
    return message::code_of_number(failure->code);
  }
  /// The streams that the other side has opened, in order.
  [[nodiscard]] std::vector<net::StreamId> streams() const {
    std::vector<net::StreamId> all;
    for (const auto& [stream, frames] : frames_) all.push_back(stream);
    return all;
  }
  /// Why the other side closed the connection; nothing: it did not.
  [[nodiscard]] std::optional<Errc> closed_with() const {
    if (!closed) return std::nullopt;
    return message::code_of_number(static_cast<std::uint32_t>(closed->code));
  }

  net::ConnectionPtr connection;
  std::optional<net::CloseInfo> closed;
  bool consumes = true;  ///< false: gives no credit, so that what the other side says stays there in the end
  std::function<void(net::StreamId, const wire::Frame&)> on_frame;

 private:
  void on_stream_data(net::StreamId id, ByteView bytes, bool fin) override {
    if (consumes) connection->consume(id, bytes.size());
    auto& frames = frames_[id];
    auto reader = readers_.try_emplace(id, pool_).first;
    const auto taken = reader->second.feed(bytes, fin, [&](wire::Frame& frame) -> Result<void> {
      frames.push_back(frame);
      if (on_frame) on_frame(id, frame);
      return {};
    });
    EXPECT_TRUE(taken) << "the honest side sent what is no frame";
  }
  void on_stream_reset(net::StreamId, std::uint64_t) override {}
  void on_writable() override {}
  void on_closed(const net::CloseInfo& info) override { closed = info; }

  BufferPool pool_{0};
  std::map<net::StreamId, session::FrameStream> readers_;
  std::map<net::StreamId, std::vector<wire::Frame>> frames_;
};

inline sign::SecretKey session_key(std::uint8_t number) {
  return *sign::SecretKey::from_seed(Bytes(32, number));
}

inline net::Identity identity_of(const sign::SecretKey& key) {
  return {*key.to_pem(std::nullopt), {}};
}

/// Segment and signature frames of a segment.
inline Bytes signed_frames(const sign::SecretKey& key, const MadeObject& object, std::size_t segment) {
  const MadeSegment& made = object.segments.at(segment);
  Bytes frames = made.frames;
  const auto signature =
      wire::sign_segment(key, object.segments[0].id, made.segment.index, made.id, 1'700'000'000);
  EXPECT_TRUE(signature);
  wire::append_frame(frames, wire::FrameType::signature, wire::encode(*signature));
  return frames;
}

/// One event loop for both ends.
class HostileSession : public net::testing::QuicTest {
 protected:
  /// Patient: sanitizers are slow, and so are machines with other work.
  ::testing::AssertionResult run_until(const std::function<bool()>& done) {
    return QuicTest::run_until(done, std::chrono::seconds(30));
  }
  /// The honest side has closed, and why. Nothing: it has not.
  std::optional<Errc> ending(HostilePeer& peer) {
    EXPECT_TRUE(run_until([&] { return peer.closed.has_value(); }));
    return peer.closed_with();
  }

  sign::SecretKey honest_ = session_key(1);
  sign::SecretKey hostile_ = session_key(2);
  TempDir temp_;
};

}  // namespace dcdn::test
