#include "net/handshake_budget.hpp"

#include <algorithm>

namespace dcdn::net {

namespace {

constexpr std::size_t kLeast = 16;  // a small listener takes a few at once as well
constexpr std::size_t kShares = 4;
// More at once look like a flood from forged addresses; of all, more than what one network can have.
constexpr std::size_t kCrowd = 64;
constexpr std::size_t kCrowdOfAll = 2 * kCrowd;

AddressPrefix network_of(const SocketAddress& from) {
  return prefix_of(from, 3, 8);
}

}  // namespace

HandshakeBudget::HandshakeBudget(std::size_t most) : most_(std::max(most, kLeast)), share_(most_ / kShares) {}

std::size_t HandshakeBudget::count(const AddressPrefix& network) const {
  const auto is_of = [&](const Waiting& one) { return one.network == network; };
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), is_of));
}

QuicConnection* HandshakeBudget::begin(QuicConnection& connection, const SocketAddress& from, bool is_known) {
  const AddressPrefix network = network_of(from);
  const bool has_its_share = count(network) >= share_;
  const auto is_of = [&](const Waiting& one) { return !has_its_share || one.network == network; };
  QuicConnection* given_up = nullptr;
  if (has_its_share || waiting_.size() >= most_) {
    auto chosen = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const Waiting& one) { return is_of(one) && !one.is_known; });
    if (chosen == waiting_.end()) chosen = std::find_if(waiting_.begin(), waiting_.end(), is_of);
    given_up = chosen->connection;
  }
  waiting_.push_back({&connection, network, from, is_known});
  return given_up;
}

void HandshakeBudget::end(const QuicConnection& connection) {
  std::erase_if(waiting_, [&](const Waiting& one) { return one.connection == &connection; });
}

std::optional<SocketAddress> HandshakeBudget::whose(const QuicConnection& connection) const {
  const auto is_it = [&](const Waiting& one) { return one.connection == &connection; };
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), is_it);
  if (found == waiting_.end()) return std::nullopt;
  return found->from;
}

bool HandshakeBudget::is_crowded(const SocketAddress& from, bool is_known) const {
  if (!is_known && waiting_.size() >= std::min(kCrowdOfAll, most_)) return true;
  return count(network_of(from)) >= std::min(kCrowd, share_);
}

}  // namespace dcdn::net
