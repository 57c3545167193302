#include "net/handshake_budget.hpp"

#include <algorithm>
#include <cstring>

namespace dcdn::net {

namespace {

constexpr std::size_t kLeast = 16;  // a small listener takes a few at once as well
constexpr std::size_t kShares = 4;
constexpr std::size_t kCrowd = 64;  // more at once look like a flood from forged addresses

}  // namespace

HandshakeBudget::HandshakeBudget(std::size_t most) : most_(std::max(most, kLeast)), share_(most_ / kShares) {}

HandshakeBudget::Network HandshakeBudget::network_of(const SocketAddress& from) {
  constexpr std::size_t kIpv4Network = 3;
  constexpr std::size_t kIpv6Network = 8;
  Network network{};
  if (from.family() == AF_INET) {
    network[0] = 4;
    std::memcpy(&network[1], &reinterpret_cast<const sockaddr_in*>(from.raw())->sin_addr, kIpv4Network);
    return network;
  }
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(from.raw())->sin6_addr;
  const bool is_ipv4 = IN6_IS_ADDR_V4MAPPED(&address);
  network[0] = is_ipv4 ? 4 : 6;
  std::memcpy(&network[1], address.s6_addr + (is_ipv4 ? 12 : 0), is_ipv4 ? kIpv4Network : kIpv6Network);
  return network;
}

std::size_t HandshakeBudget::count(const Network& network) const {
  const auto is_of = [&](const Waiting& one) { return one.network == network; };
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), is_of));
}

QuicConnection* HandshakeBudget::begin(QuicConnection& connection, const SocketAddress& from) {
  const Network network = network_of(from);
  QuicConnection* given_up = nullptr;
  if (count(network) >= share_) {
    const auto is_of = [&](const Waiting& one) { return one.network == network; };
    given_up = std::find_if(waiting_.begin(), waiting_.end(), is_of)->connection;
  } else if (waiting_.size() >= most_) {
    given_up = waiting_.front().connection;
  }
  waiting_.push_back({&connection, network});
  return given_up;
}

void HandshakeBudget::end(const QuicConnection& connection) {
  std::erase_if(waiting_, [&](const Waiting& one) { return one.connection == &connection; });
}

bool HandshakeBudget::is_crowded(const SocketAddress& from) const {
  return waiting_.size() >= std::min(kCrowd, most_) || count(network_of(from)) >= std::min(kCrowd, share_);
}

}  // namespace dcdn::net
