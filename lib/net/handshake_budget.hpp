// handshake_budget.hpp - how many handshakes a listener has under way, and whose: who has proved nothing must
// not keep out those who can.
//
// Threads  pure.
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "net/address_prefix.hpp"

namespace dcdn::net {

class QuicConnection;

class HandshakeBudget {
 public:
  /// most: at once, of all; 16 at least. One network, a /24 of IPv4 or a /64 of IPv6, gets a quarter of them.
  explicit HandshakeBudget(std::size_t most);

  /// A handshake begins. Which is to be given up for it, if there are too many: the oldest, of its own
  /// network if that one has its share.
  /// is_known: a key that is allowed was proved from there before; such a one is given up last.
  [[nodiscard]] QuicConnection* begin(QuicConnection& connection, const SocketAddress& from,
                                      bool is_known = false);
  /// It is done, has failed or was given up.
  void end(const QuicConnection& connection);
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  /// From where it came, while it is under way.
  [[nodiscard]] std::optional<SocketAddress> whose(const QuicConnection& connection) const;
  /// So many are under way, in all or from that network, that who wants to begin one must show first that it
  /// receives at its address. is_known: it has shown that before, so that only its own network counts.
  [[nodiscard]] bool is_crowded(const SocketAddress& from, bool is_known) const;

 private:
  struct Waiting {
    QuicConnection* connection;
    AddressPrefix network;
    SocketAddress from;
    bool is_known;
  };
  [[nodiscard]] std::size_t count(const AddressPrefix& network) const;

  std::size_t most_;
  std::size_t share_;
  std::vector<Waiting> waiting_;  // oldest first
};

}  // namespace dcdn::net
