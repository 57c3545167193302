// stateless_replies.hpp - what a listener answers to packets that belong to no connection, within a budget.
//
// Source   RFC 9000 sections 6 (version negotiation), 8.1.2 (retry), 10.3 (stateless reset), 5.2.2 (refusing)
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "net/allowance.hpp"
#include "net/quic_library.hpp"
#include "net/tls_credentials.hpp"
#include "net/udp_socket.hpp"

namespace dcdn::net {

class StatelessReplies {
 public:
  StatelessReplies(UdpSocket& socket, std::shared_ptr<const TlsCredentials> credentials);

  void negotiate_version(const ngtcp2_version_cid& asked, std::size_t datagram_size,
                         const SocketAddress& local, const SocketAddress& remote);
  /// For a short-header packet of a connection that nobody here knows.
  void reset(ByteView datagram, const SocketAddress& local, const SocketAddress& remote);
  void close(const ngtcp2_pkt_hd& first, std::uint64_t code, const SocketAddress& local,
             const SocketAddress& remote);
  /// Asks the client to prove that it receives at its address before anything is kept for it.
  void retry(const ngtcp2_pkt_hd& first, const SocketAddress& local, const SocketAddress& remote);
  /// The first id of the client's attempt, if `first` carries a token of ours for that address.
  [[nodiscard]] std::optional<ngtcp2_cid> original_id(const ngtcp2_pkt_hd& first,
                                                      const SocketAddress& remote) const;

 private:
  bool take_budget();
  void send(ByteView packet, const SocketAddress& local, const SocketAddress& remote);

  UdpSocket& socket_;
  std::shared_ptr<const TlsCredentials> credentials_;
  std::array<std::uint8_t, 32> token_secret_;
  Allowance answers_;
};

}  // namespace dcdn::net
