#include "net/socket_address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

TEST(SocketAddress, ShowsItselfAsOneWouldWriteIt) {
  EXPECT_EQ(SocketAddress::any(AF_INET, 4433).text(), "0.0.0.0:4433");
  EXPECT_EQ(SocketAddress::any(AF_INET6, 4433).text(), "[::]:4433");
  EXPECT_EQ(SocketAddress().text(), "unknown");
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(99);
  ASSERT_EQ(inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr), 1);
  EXPECT_EQ(SocketAddress::from_raw(reinterpret_cast<sockaddr*>(&mapped), sizeof mapped).text(),
            "192.0.2.7:99");
}

TEST(SocketAddress, OddLengthsGiveNoAddress) {
  const sockaddr_storage raw{};
  const auto* address = reinterpret_cast<const sockaddr*>(&raw);
  EXPECT_EQ(SocketAddress::from_raw(address, 2).size(), 0u);
  EXPECT_EQ(SocketAddress::from_raw(address, sizeof raw).size(), 0u);
  EXPECT_TRUE(SocketAddress().is_any());
}

TEST(SocketAddress, ComparesAddressAndPort) {
  EXPECT_EQ(SocketAddress::any(AF_INET, 1), SocketAddress::any(AF_INET, 1));
  EXPECT_FALSE(SocketAddress::any(AF_INET, 1) == SocketAddress::any(AF_INET, 2));
  EXPECT_FALSE(SocketAddress::any(AF_INET, 1) == SocketAddress::any(AF_INET6, 1));
}

TEST(ResolveToBind, EveryInterfaceMeansBothFamilies) {
  const auto places = resolve_to_bind(":4433");
  ASSERT_TRUE(places.has_value());
  ASSERT_EQ(places->size(), 2u);
  EXPECT_EQ(places->at(0).family(), AF_INET6);
  EXPECT_EQ(places->at(1).family(), AF_INET);
}

TEST(ResolveToBind, NamesWhatDoesNotResolve) {
  const auto places = resolve_to_bind("no-such-host.invalid:1");
  ASSERT_FALSE(places.has_value());
  EXPECT_EQ(places.error().code, Errc::unreachable);
  EXPECT_NE(places.error().message.find("no-such-host.invalid"), std::string::npos);
}

}  // namespace
}  // namespace dcdn::net
