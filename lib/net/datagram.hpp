// datagram.hpp - datagrams as they go to and come from a UDP socket.
#pragma once
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

/// blocked: the socket's buffer is full; batch.bytes is what remains.
enum class Sent { all, blocked };

}  // namespace dcdn::net
