#include "net/handshake_budget.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

namespace dcdn::net {
namespace {

class HandshakeBudgetTest : public ::testing::Test {
 protected:
  std::array<char, 1000> names;  // only their addresses are used
  QuicConnection& connection(std::size_t i) { return *reinterpret_cast<QuicConnection*>(&names.at(i)); }

  static SocketAddress ipv4(std::uint32_t address) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_addr.s_addr = htonl(address);
    return SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&made), sizeof made);
  }
  static SocketAddress ipv6(const char* text) {
    sockaddr_in6 made{};
    made.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text, &made.sin6_addr), 1);
    return SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&made), sizeof made);
  }
};

TEST_F(HandshakeBudgetTest, ANetworkThatHasItsShareDisplacesOnlyItsOwn) {
  HandshakeBudget budget(40);
  EXPECT_EQ(budget.begin(connection(0), ipv4(0x0a000001)), nullptr);
  for (std::size_t i = 1; i <= 10; ++i)
    EXPECT_EQ(budget.begin(connection(i), ipv4(0xc6336400u + static_cast<std::uint32_t>(i))), nullptr);
  EXPECT_TRUE(budget.is_crowded(ipv4(0xc63364ff), false));
  EXPECT_FALSE(budget.is_crowded(ipv4(0xc63365ff), false));
  EXPECT_EQ(budget.begin(connection(11), ipv4(0xc63364c8)), &connection(1)) << "its own oldest";
  budget.end(connection(1));
  EXPECT_EQ(budget.begin(connection(12), ipv6("::ffff:198.51.100.9")), &connection(2))
      << "IPv4 inside IPv6 is the same network";
  budget.end(connection(2));
  EXPECT_EQ(budget.size(), 11u);
}

TEST_F(HandshakeBudgetTest, OneCustomersIpv6IsOneNetwork) {
  HandshakeBudget budget(16);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(budget.begin(connection(i), ipv6("2001:db8:1:2:aaaa::1")), nullptr);
  EXPECT_EQ(budget.begin(connection(4), ipv6("2001:db8:1:3::1")), nullptr) << "the neighbour";
  EXPECT_EQ(budget.begin(connection(5), ipv6("2001:db8:1:2:bbbb::1")), &connection(0));
}

TEST_F(HandshakeBudgetTest, AFullBudgetGivesUpTheOldestOfAll) {
  HandshakeBudget budget(20);
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_EQ(budget.begin(connection(i), ipv4(static_cast<std::uint32_t>(i) << 16)), nullptr);
  EXPECT_TRUE(budget.is_crowded(ipv4(0x7f000001), false));
  EXPECT_FALSE(budget.is_crowded(ipv4(0x7f000001), true)) << "who has proved a key is not asked";
  EXPECT_EQ(budget.whose(connection(19))->text(), "0.19.0.0:0");
  EXPECT_FALSE(budget.whose(connection(20)).has_value());
  budget.end(connection(0));  // done
  EXPECT_FALSE(budget.is_crowded(ipv4(0x7f000001), false));
  EXPECT_EQ(budget.begin(connection(20), ipv4(0x7f000001)), nullptr);
  EXPECT_EQ(budget.begin(connection(21), ipv4(0x7f010001)), &connection(1));
}

TEST_F(HandshakeBudgetTest, WhoHasProvedAKeyIsGivenUpLast) {
  HandshakeBudget budget(16);
  EXPECT_EQ(budget.begin(connection(0), ipv4(0x0a000001), true), nullptr);
  for (std::size_t i = 1; i < 16; ++i)
    EXPECT_EQ(budget.begin(connection(i), ipv4(static_cast<std::uint32_t>(i) << 16)), nullptr);
  EXPECT_EQ(budget.begin(connection(16), ipv4(0x7f000001)), &connection(1)) << "and not the oldest";
  budget.end(connection(1));
  for (std::size_t i = 17; i < 20; ++i)
    static_cast<void>(budget.begin(connection(i), ipv4(0x0a000002), true));
  EXPECT_EQ(budget.begin(connection(20), ipv4(0x0a000003)), &connection(0)) << "its network has only such";
}

}  // namespace
}  // namespace dcdn::net
