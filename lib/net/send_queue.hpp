// send_queue.hpp - what each stream has still to send, what is sent but not acknowledged, and which goes
// next.
//
// Path     bytes are never copied: packets are built from views, and a buffer is let go when the peer has all
// of it.
#pragma once
#include <deque>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/buffer.hpp"

namespace dcdn::net {

class SendQueue {
 public:
  using StreamId = std::int64_t;

  /// Appends to a stream; ignored after fin.
  void push(StreamId id, Buffer bytes, bool fin);
  /// The stream to serve now: bidirectional ones first, then the oldest unidirectional one. -1: nothing to
  /// send.
  [[nodiscard]] StreamId next() const { return ready_.empty() ? -1 : ready_.begin()->id; }
  /// Views of the unsent bytes of a stream, at most into.size() pieces. `finishes`: they are all, and fin
  /// follows.
  std::size_t views(StreamId id, std::span<ByteView> into, bool& finishes) const;
  /// The first `bytes` of what views() gave went into a packet, and fin too if `fin`.
  void sent(StreamId id, std::size_t bytes, bool fin);
  /// The peer has everything before `offset`: those buffers are let go.
  void acknowledged(StreamId id, std::uint64_t offset);
  /// The peer gives no credit for this stream now; it is passed over until unblock().
  void block(StreamId id);
  void unblock(StreamId id);
  /// Nothing more of the stream is sent. What packets carry stays until drop(): QUIC reads it again for a
  /// packet that was lost, also after a reset.
  void abandon(StreamId id);
  /// The stream is over (closed): everything of it is let go.
  void drop(StreamId id);
  void clear();
  /// Bytes that no packet carries yet.
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_bytes_; }
  /// Streams that are not dropped yet.
  [[nodiscard]] std::vector<StreamId> ids() const;

 private:
  struct Stream {
    std::deque<Buffer> buffers;   // from base on, acknowledged ones gone
    std::uint64_t base = 0;       // stream offset of buffers.front()
    std::size_t next_buffer = 0;  // first buffer that is not wholly sent
    std::size_t next_offset = 0;  // bytes of it that are
    std::size_t unsent = 0;
    bool fin = false;
    bool fin_sent = false;
    bool blocked = false;
    [[nodiscard]] bool wants() const { return !blocked && (unsent > 0 || (fin && !fin_sent)); }
  };
  struct Turn {
    bool unidirectional;
    StreamId id;
    auto operator<=>(const Turn&) const = default;
  };
  static Turn turn_of(StreamId id) { return {(id & 2) != 0, id}; }
  void update(StreamId id, const Stream& stream);

  std::map<StreamId, Stream> streams_;
  std::set<Turn> ready_;
  std::size_t unsent_bytes_ = 0;
};

}  // namespace dcdn::net
