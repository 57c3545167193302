// handshake_time.hpp - how much of the processor's time goes into handshakes, and whose: who has proved
// nothing must not keep busy who serves those that have.
//
// One host gets 1/32 of it (some 150 handshakes a second), its network 1/16, all together 1/8; a host that
// has proved a key that is allowed gets a half of its own. What was not used is there later, up to a quarter
// of a second. Threads  pure; time is a parameter, in nanoseconds.
#pragma once
#include <cstdint>
#include <map>

#include "net/address_prefix.hpp"
#include "net/allowance.hpp"

namespace dcdn::net {

class HandshakeTime {
 public:
  explicit HandshakeTime(std::uint64_t now);

  /// Whether a handshake from there may begin now. If not, it is as if its packet had been lost: the client
  /// sends it again.
  [[nodiscard]] bool may_begin(const SocketAddress& from, std::uint64_t now) const;
  /// A part of one took `cost` nanoseconds.
  void spent(const SocketAddress& from, std::uint64_t cost, std::uint64_t now);
  /// A key that is allowed was proved from there. The last thousand hosts are remembered.
  void remember(const SocketAddress& from);
  [[nodiscard]] bool knows(const SocketAddress& from) const;

 private:
  using Shares = std::map<AddressPrefix, Allowance>;
  static void spend(Shares& shares, const AddressPrefix& whose, double share, double cost, std::uint64_t now);

  Allowance all_;
  Shares networks_;  // those that have not got back all of theirs
  Shares hosts_;
  Shares known_hosts_;
  std::map<AddressPrefix, std::uint64_t> known_;  // which was remembered when, by number
  std::uint64_t remembered_ = 0;
};

}  // namespace dcdn::net
