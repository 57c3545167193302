// udp_socket.hpp - a UDP socket that moves many datagrams per system call (UDP_SEGMENT, UDP_GRO, recvmmsg).
//
// Source   udp(7); Linux Documentation/networking/segmentation-offloads
// Threads  one loop thread; receive buffers are shared by the sockets of a thread.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <optional>

#include "net/datagram.hpp"

namespace dcdn::net {

class UdpSocket {
 public:
  enum class Received { drained, more, refused };

  /// error locked (in use), permission, io.
  static Result<UdpSocket> bound(const asio::any_io_executor& executor, const SocketAddress& local,
                                 bool offload);
  /// Tied to one peer, so that the kernel reports that nobody listens there.
  /// `interface`: the name of the one to leave by, empty: as the routes say. Where the kernel wants a
  /// privilege for that (CAP_NET_RAW, before Linux 5.7), the interface's address is taken, and the routes
  /// still decide. error unreachable: no route; not_found: no such interface, or no address of the family on
  /// it.
  static Result<UdpSocket> connected(const asio::any_io_executor& executor, const SocketAddress& remote,
                                     bool offload, const std::string& interface = {});

  [[nodiscard]] asio::posix::stream_descriptor& descriptor() { return descriptor_; }
  [[nodiscard]] const SocketAddress& local() const { return local_; }
  /// Takes what has arrived, up to about a MiB: drained, or more to come. refused: the peer's kernel says
  /// that nobody listens (connected sockets only).
  Received receive(DatagramSink& sink);
  /// Sends `batch`; what a kernel refuses for good (too long, no route) counts as sent and lost, as in the
  /// network.
  Sent send(DatagramBatch& batch);
  /// True once after the kernel said that nobody listens at the peer.
  bool take_refused() { return std::exchange(refused_, false); }
  /// Told once, of the packets so far: by the kernel at once, by routers on connected sockets.
  std::optional<TooLong> take_too_long() { return std::exchange(too_long_, std::nullopt); }
  [[nodiscard]] bool was_too_long() const { return too_long_.has_value(); }

 private:
  UdpSocket(const asio::any_io_executor& executor, int fd, bool offload);
  void deliver(const msghdr& header, std::size_t size, DatagramSink& sink) const;
  bool read_errors();
  bool find_out_why(int failure, const DatagramBatch& batch, bool segmented);
  int send_once(const DatagramBatch& batch, std::size_t bytes, bool segmented);

  asio::posix::stream_descriptor descriptor_;
  SocketAddress local_;
  SocketAddress remote_;
  bool connected_ = false;
  bool choose_source_ =
      false;  // bound to every interface: answers must leave from the address that was asked
  bool segments_ = false;
  bool refused_ = false;
  std::optional<TooLong> too_long_;
};

}  // namespace dcdn::net
