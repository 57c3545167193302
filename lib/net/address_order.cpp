#include "net/address_order.hpp"

#include <algorithm>

namespace dcdn::net {

std::vector<SocketAddress> order_to_try(const std::vector<SocketAddress>& found, const std::string& first) {
  std::vector<SocketAddress> left;
  for (const SocketAddress& each : found)
    if (std::find(left.begin(), left.end(), each) == left.end()) left.push_back(each);
  std::vector<SocketAddress> order;
  const auto take = [&](std::vector<SocketAddress>::iterator which) {
    order.push_back(*which);
    left.erase(which);
  };
  const auto known =
      std::find_if(left.begin(), left.end(), [&](const SocketAddress& each) { return each.text() == first; });
  if (known != left.end()) take(known);
  while (!left.empty() && order.size() < kMostAddresses) {
    const auto other = std::find_if(left.begin(), left.end(), [&](const SocketAddress& each) {
      return !order.empty() && each.family() != order.back().family();
    });
    take(other == left.end() ? left.begin() : other);
  }
  return order;
}

}  // namespace dcdn::net
