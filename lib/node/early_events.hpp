// early_events.hpp - what came on a connection before it was known whom it is for.
#pragma once
#include <map>
#include <optional>

#include "net/connection.hpp"

namespace dcdn::node {

/// Nothing of it has been consumed: the connection's flow control bounds the bytes, and this the streams.
class EarlyEvents {
 public:
  /// Streams may be as small as a byte, and a new one is allowed for each that has come whole.
  static constexpr std::size_t kMostStreams = 16384;

  /// False: too many streams; the event is not kept.
  [[nodiscard]] bool data(net::StreamId id, ByteView bytes, bool fin);
  [[nodiscard]] bool reset(net::StreamId id, std::uint64_t code);
  void writable() { writable_ = true; }
  /// Stream by stream, in the order in which the peer opened those of a kind: QUIC knows no order among them.
  /// `events` outlives the call, whatever it does to its connection.
  void replay(net::ConnectionEvents& events) const;

 private:
  struct Stream {
    Bytes bytes;
    bool told = false;  // of data, though it may be empty
    bool fin = false;
    std::optional<std::uint64_t> reset_code;
  };
  [[nodiscard]] Stream* stream(net::StreamId id);

  std::map<net::StreamId, Stream> streams_;
  bool writable_ = false;
};

}  // namespace dcdn::node
