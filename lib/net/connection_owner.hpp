// connection_owner.hpp - what a QUIC connection needs of the endpoint that has the UDP socket.
#pragma once
#include <cstdint>
#include <string>

#include "net/connection_id.hpp"
#include "net/udp_socket.hpp"

namespace dcdn::net {

class QuicConnection;

/// The endpoint a connection lives on.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual UdpSocket& socket() = 0;
  virtual void add_id(const ConnectionId& id, QuicConnection& connection) = 0;
  virtual void remove_id(const ConnectionId& id) = 0;
  /// Datagrams of the coded carrier with this token are the connection's, until forget().
  virtual void add_token(std::uint32_t token, QuicConnection& connection) = 0;
  /// socket_writable() is to be called when the socket takes datagrams again.
  virtual void wait_writable(QuicConnection& connection) = 0;
  /// The connection no longer counts; it only answers late packets until forget().
  virtual void ended(QuicConnection& connection) = 0;
  virtual void forget(QuicConnection& connection) = 0;
  virtual Result<void> use_interface(const std::string& name) {
    return Error(Errc::unsupported, "only who connects can choose the interface: " + name);
  }
};

}  // namespace dcdn::net
