#include "net/socket_address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "net/connection.hpp"

namespace dcdn::net {
namespace {

TEST(ParseHostPort, TakesTheUsualForms) {
  struct Row {
    const char* text;
    const char* host;
    std::uint16_t port;
  };
  const Row rows[] = {
      {"hq.example:4433", "hq.example", 4433},
      {"192.0.2.1:1", "192.0.2.1", 1},
      {":4433", "", 4433},
      {"[2001:db8::1]:65535", "2001:db8::1", 65535},
      {"[::]:0", "::", 0},
      {"[fe80::1%eth0]:9", "fe80::1%eth0", 9},
      {"h", "h", 77},
      {"[::1]", "::1", 77},
      {"2001:db8::1", "2001:db8::1", 77},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_host_port(row.text, std::uint16_t{77});
    ASSERT_TRUE(parsed.has_value()) << row.text << ": " << parsed.error().message;
    EXPECT_EQ(parsed->host, row.host) << row.text;
    EXPECT_EQ(parsed->port, row.port) << row.text;
  }
}

TEST(ParseHostPort, RefusesWhatCannotBeMeant) {
  const std::string bad[] = {"",
                             "host",
                             "host:",
                             "host:65536",
                             "host:-1",
                             "host:+1",
                             "host:1x",
                             "host: 1",
                             "a:b:1",
                             "[::1",
                             "[::1]x",
                             "[::1]4433",
                             "[nope]:1",
                             "[]:1",
                             "2001:db8::1",
                             "ho st:1",
                             "user@host:1",
                             "a/b:1",
                             "x\n:1",
                             std::string("a\0b:1", 5),
                             "[::1]:",
                             "host:99999999999999999999"};
  for (const std::string& text : bad) {
    const auto parsed = parse_host_port(text, std::nullopt);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, Errc::usage) << text;
    EXPECT_NE(parsed.error().hint, "") << text;
  }
  EXPECT_FALSE(parse_host_port(std::string(100000, 'a') + ":1", std::nullopt).has_value());
  EXPECT_FALSE(parse_host_port("", std::uint16_t{77}).has_value());
}

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
