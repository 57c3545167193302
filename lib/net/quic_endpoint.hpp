// quic_endpoint.hpp - the loop around one UDP socket: read a round, let the connections answer, wait.
#pragma once
#include <memory>
#include <vector>

#include "net/quic_connection.hpp"

namespace dcdn::net {

/// Kept alive by the wait for the next datagram, until stop_reading().
class QuicEndpoint : public ConnectionOwner,
                     public DatagramSink,
                     public std::enable_shared_from_this<QuicEndpoint> {
 public:
  explicit QuicEndpoint(UdpSocket socket) : socket_(std::move(socket)) {}
  UdpSocket& socket() override { return socket_; }
  void wait_writable(QuicConnection& connection) override;
  void start_reading();
  void stop_reading();

 protected:
  /// A datagram of this round went to `connection`; it gets to write when the round is over.
  void touched(const std::shared_ptr<QuicConnection>& connection);
  /// From now on another socket: what waited to be written goes out by it, what still arrives at the old one
  /// is lost.
  void replace_socket(UdpSocket fresh);
  virtual void on_refused() {}
  /// The socket has been told so, and of no datagram that would lead to a turn.
  virtual void on_too_long() {}

 private:
  void on_readable();
  void on_writable();

  UdpSocket socket_;
  std::vector<std::shared_ptr<QuicConnection>> touched_;
  std::vector<std::weak_ptr<QuicConnection>> waiting_;
  bool stopped_ = false;
};

}  // namespace dcdn::net
