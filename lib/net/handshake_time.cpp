#include "net/handshake_time.hpp"

#include <algorithm>

namespace dcdn::net {

namespace {

constexpr double kSecond = 1e9;
constexpr double kAtOnce = kSecond / 4;
constexpr double kAll = 0.125;
constexpr double kNetwork = 0.0625;
constexpr double kHost = 0.03125;
constexpr double kKnownHost = 0.5;
constexpr std::size_t kMostKnown = 1000;

// One customer of a provider has a /64 of IPv6 at least, and often a /48.
AddressPrefix host_of(const SocketAddress& address) {
  return prefix_of(address, 4, 8);
}

AddressPrefix network_of(const SocketAddress& address) {
  return prefix_of(address, 3, 6);
}

bool has_any(const std::map<AddressPrefix, Allowance>& shares, const AddressPrefix& whose,
             std::uint64_t now) {
  const auto found = shares.find(whose);
  return found == shares.end() || found->second.left(now) > 0;
}

}  // namespace

HandshakeTime::HandshakeTime(std::uint64_t now) : all_(kAll * kSecond, kAtOnce, now) {}

bool HandshakeTime::may_begin(const SocketAddress& from, std::uint64_t now) const {
  if (knows(from)) return has_any(known_hosts_, host_of(from), now);
  return all_.left(now) > 0 && has_any(networks_, network_of(from), now) &&
         has_any(hosts_, host_of(from), now);
}

void HandshakeTime::spent(const SocketAddress& from, std::uint64_t cost, std::uint64_t now) {
  const auto amount = static_cast<double>(cost);
  if (knows(from)) return spend(known_hosts_, host_of(from), kKnownHost, amount, now);
  all_.spend(amount, now);
  spend(networks_, network_of(from), kNetwork, amount, now);
  spend(hosts_, host_of(from), kHost, amount, now);
}

// Whoever has all of it back is forgotten, so that there are never more than the time of all was spent by in
// the few seconds that it takes to come back.
void HandshakeTime::spend(Shares& shares, const AddressPrefix& whose, double share, double cost,
                          std::uint64_t now) {
  std::erase_if(shares, [&](const auto& one) { return one.second.is_full(now); });
  shares.try_emplace(whose, share * kSecond, kAtOnce, now).first->second.spend(cost, now);
}

void HandshakeTime::remember(const SocketAddress& from) {
  known_[host_of(from)] = ++remembered_;
  if (known_.size() <= kMostKnown) return;
  known_.erase(std::min_element(known_.begin(), known_.end(), [](const auto& one, const auto& other) {
    return one.second < other.second;
  }));
}

bool HandshakeTime::knows(const SocketAddress& from) const {
  return known_.contains(host_of(from));
}

}  // namespace dcdn::net
