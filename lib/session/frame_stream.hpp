// frame_stream.hpp - the frames on one stream of a connection.
#pragma once
#include <functional>

#include "message/session_message.hpp"
#include "net/connection.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::session {

/// Application close codes besides the failure codes (dcdn-session(5), CLOSING).
inline constexpr std::uint64_t kCloseDone = 0;
inline constexpr std::uint64_t kCloseCancelled =
    0x200;  ///< the receiver forgets what it has of the session's objects

/// Why a connection that a sender closed is over: who closes with 0 before everything has come says "done",
/// and is not.
inline Error error_of_close(const net::CloseInfo& info) {
  if (!info.by_peer || !info.clean) return info.error;
  if (info.code == kCloseCancelled) return {Errc::interrupted, "cancelled by the sender"};
  if (info.code != kCloseDone) return info.error;
  return {Errc::incomplete, "the sender ended the session before all of it had come"};
}

/// Takes a stream's bytes and hands out its frames; damage is an error (QUIC delivers what was sent).
class FrameStream {
 public:
  explicit FrameStream(BufferPool& pool) : reader_(wire::OnDamage::strict, pool) {}

  /// Calls take(frame) for every whole frame; stops at the first error.
  Result<void> feed(ByteView bytes, bool fin, const std::function<Result<void>(wire::Frame&)>& take) {
    reader_.push(bytes);
    for (;;) {
      DCDN_TRY(auto step, reader_.next());
      auto* frame = std::get_if<wire::Frame>(&step);
      if (frame == nullptr) break;
      DCDN_CHECK(take(*frame));
    }
    if (!fin) return {};
    DCDN_TRY(const auto rest, reader_.finish());
    (void)rest;
    return {};
  }

 private:
  wire::FrameReader reader_;
};

/// A message on an object's stream. error corrupt: also if it is about another object.
template <class Message>
Result<Message> parse_about(std::uint32_t object, ByteView body) {
  DCDN_TRY(Message message, message::parse<Message>(body));
  if (message.object == object) return message;
  return Error(Errc::corrupt, "a message on an object's stream is about another object");
}

/// A whole frame as a buffer to send.
inline Buffer frame_buffer(wire::FrameType type, const Bytes& body) {
  return Buffer::copy_of(wire::make_frame(type, body));
}

}  // namespace dcdn::session
