#include "net/host_port.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace dcdn::net
