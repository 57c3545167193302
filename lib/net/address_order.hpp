// address_order.hpp - in which order the addresses of a name are tried.
//
// Source   RFC 8305 section 4; the resolver has sorted them already (RFC 6724)
// Threads  pure.
#pragma once
#include <string>
#include <vector>

#include "net/socket_address.hpp"

namespace dcdn::net {

/// Most addresses of a name that are tried.
inline constexpr std::size_t kMostAddresses = 16;

/// `found` without repeats, the families in turn, at most kMostAddresses. first: the one to begin with if it
/// is among them, as SocketAddress::text() gives it.
std::vector<SocketAddress> order_to_try(const std::vector<SocketAddress>& found, const std::string& first);

}  // namespace dcdn::net
