// stream_book.hpp - the streams of one connection: what is queued on them, which the peer opened, which were
// given up.
//
// Path     ngtcp2's callbacks (quic_callbacks.cpp) -> here -> the events that the user is told. Nothing here
//          writes a packet.
#pragma once
#include <optional>
#include <set>
#include <vector>

#include "net/event_gate.hpp"
#include "net/quic_engine.hpp"
#include "net/send_queue.hpp"

namespace dcdn::net {

class StreamBook {
 public:
  StreamBook(const QuicEngine& engine, EventGate& gate) : engine_(engine), gate_(gate) {}

  [[nodiscard]] SendQueue& queue() { return queue_; }
  [[nodiscard]] const SendQueue& queue() const { return queue_; }
  /// error temporary: the peer's limit of streams is reached; internal.
  Result<StreamId> open(bool unidirectional);
  /// Credit for bytes that are no longer held.
  void consume(StreamId id, std::size_t bytes);
  /// Stops sending and asks the peer to stop, with the next apply_resets().
  void give_up(StreamId id, std::uint64_t code);
  void apply_resets();
  /// The peer opened as many streams as a connection is good for.
  [[nodiscard]] bool is_worn_out() const;
  /// True once after the peer allowed more streams.
  bool take_granted() { return std::exchange(granted_, false); }
  /// Adds the packets lost and the bytes acknowledged on streams so far.
  void count(ConnectionStats& stats) const;

  // What ngtcp2 tells.
  void opened_by_peer(StreamId id);
  void data(StreamId id, ByteView bytes, bool fin);
  void acknowledged(StreamId id, std::uint64_t offset, std::uint64_t bytes);
  void reset_by_peer(StreamId id, std::uint64_t code);
  /// Both directions are over; `code` if it was by a reset.
  void over(StreamId id, std::optional<std::uint64_t> code);
  void granted() { granted_ = true; }

 private:
  struct WantedReset {
    StreamId id;
    std::uint64_t code;
  };
  void incoming_over(StreamId id);
  [[nodiscard]] bool is_ours(StreamId id) const;

  const QuicEngine& engine_;
  EventGate& gate_;
  SendQueue queue_;
  std::set<StreamId> incoming_;  // the peer's open unidirectional streams: at most max_streams
  std::uint64_t incoming_total_ = 0;
  std::set<StreamId> given_up_;  // open streams whose reset is no news: ours, or told already
  std::vector<WantedReset> resets_;
  std::uint64_t packets_lost_ = 0;  // of streams that are over
  std::uint64_t bytes_acknowledged_ = 0;
  bool granted_ = false;
};

}  // namespace dcdn::net
