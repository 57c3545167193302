// address_prefix.hpp - the beginning of an address: whose it is, as far as an address tells.
//
// Threads  pure.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "net/socket_address.hpp"

namespace dcdn::net {

/// The family (IPv4 inside IPv6 is IPv4), and the first bytes.
using AddressPrefix = std::array<std::uint8_t, 17>;

/// At most 4 bytes of an IPv4 address, 16 of an IPv6 one.
AddressPrefix prefix_of(const SocketAddress& address, std::size_t ipv4_bytes, std::size_t ipv6_bytes);

}  // namespace dcdn::net
