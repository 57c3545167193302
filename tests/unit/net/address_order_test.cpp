#include "net/address_order.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

SocketAddress ipv4(std::uint8_t last) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_addr.s_addr = htonl(0xc0000200u + last);
  made.sin_port = htons(4433);
  return SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&made), sizeof made);
}

SocketAddress ipv6(std::uint8_t last) {
  sockaddr_in6 made{};
  made.sin6_family = AF_INET6;
  made.sin6_addr.s6_addr[0] = 0x20;
  made.sin6_addr.s6_addr[15] = last;
  made.sin6_port = htons(4433);
  return SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&made), sizeof made);
}

TEST(AddressOrder, TheFamiliesTakeTurnsAndNothingIsTriedTwice) {
  const std::vector<SocketAddress> found{ipv6(1), ipv6(2), ipv6(1), ipv6(3), ipv4(1), ipv4(2)};
  EXPECT_EQ(order_to_try(found, ""),
            (std::vector<SocketAddress>{ipv6(1), ipv4(1), ipv6(2), ipv4(2), ipv6(3)}));
  EXPECT_TRUE(order_to_try({}, "192.0.2.1:4433").empty());
}

TEST(AddressOrder, TheOneThatAnsweredLastTimeComesFirst) {
  const std::vector<SocketAddress> found{ipv6(1), ipv6(2), ipv4(1), ipv4(2)};
  EXPECT_EQ(order_to_try(found, "192.0.2.2:4433"),
            (std::vector<SocketAddress>{ipv4(2), ipv6(1), ipv4(1), ipv6(2)}));
  EXPECT_EQ(order_to_try(found, "198.51.100.7:4433"), order_to_try(found, ""));
}

TEST(AddressOrder, ANameOfAHundredAddressesOpensNoHundredSockets) {
  std::vector<SocketAddress> found;
  for (std::uint8_t i = 0; i < 100; ++i) found.push_back(ipv4(i));
  EXPECT_EQ(order_to_try(found, "").size(), kMostAddresses);
}

}  // namespace
}  // namespace dcdn::net
