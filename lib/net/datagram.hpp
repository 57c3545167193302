// datagram.hpp - datagrams as they go to and come from a UDP socket.
#pragma once
#include <array>
#include <cstddef>

#include "dcdn/bytes.hpp"
#include "net/socket_address.hpp"

namespace dcdn::net {

/// Most bytes one send() may carry: a UDP datagram's own limit, as the kernel builds one before cutting it
/// up.
inline constexpr std::size_t kMaxBatchBytes = 65507;
inline constexpr std::size_t kMaxBatchSegments = 64;  ///< UDP_MAX_SEGMENTS of linux/udp.h

/// Told of each datagram by receive(). The bytes are valid during the call.
class DatagramSink {
 public:
  virtual ~DatagramSink() = default;
  virtual void on_datagram(ByteView bytes, const SocketAddress& local, const SocketAddress& remote) = 0;
};

/// Packets of one size (the last may be shorter) to one place.
struct DatagramBatch {
  ByteView bytes;
  std::size_t segment = 0;
  SocketAddress local;
  SocketAddress remote;
};

/// Somebody says that a packet was too long for the way.
struct TooLong {
  bool is_local = false;  ///< our own kernel; else a router, or somebody who pretends to be one
  std::size_t sent = 0;   ///< UDP payload of the packet; 0: not told
  std::size_t fits = 0;   ///< that fits; 0: not told
  std::array<std::uint8_t, 32> quoted{};  ///< the beginning of that payload, as a router saw it
  std::size_t quoted_bytes = 0;
};

/// blocked: the socket's buffer is full; batch.bytes is what remains.
enum class Sent { all, blocked };

}  // namespace dcdn::net
