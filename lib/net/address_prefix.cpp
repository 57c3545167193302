#include "net/address_prefix.hpp"

#include <cstring>

namespace dcdn::net {

AddressPrefix prefix_of(const SocketAddress& address, std::size_t ipv4_bytes, std::size_t ipv6_bytes) {
  AddressPrefix prefix{};
  if (address.family() == AF_INET) {
    prefix[0] = 4;
    std::memcpy(&prefix[1], &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr, ipv4_bytes);
    return prefix;
  }
  const in6_addr& bytes = reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
  const bool is_ipv4 = IN6_IS_ADDR_V4MAPPED(&bytes);
  prefix[0] = is_ipv4 ? 4 : 6;
  std::memcpy(&prefix[1], bytes.s6_addr + (is_ipv4 ? 12 : 0), is_ipv4 ? ipv4_bytes : ipv6_bytes);
  return prefix;
}

}  // namespace dcdn::net
