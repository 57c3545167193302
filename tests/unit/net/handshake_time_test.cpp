#include "net/handshake_time.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

class HandshakeTimeTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kMillisecond = 1'000'000;
  static constexpr std::uint64_t kSecond = 1000 * kMillisecond;

  static SocketAddress at(const std::string& text) {
    sockaddr_in6 made{};
    made.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &made.sin6_addr), 1) << text;
    return SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&made), sizeof made);
  }
  static SocketAddress v4(const std::string& text) { return at("::ffff:" + text); }
  HandshakeTime time{0};
  std::uint64_t now = 0;
  /// How many milliseconds of the processor somebody gets who begins handshakes of one whenever it may, in
  /// `span` milliseconds.
  int begun(const std::string& from, int span) {
    int count = 0;
    for (int i = 0; i < span; ++i, now += kMillisecond) {
      if (!time.may_begin(v4(from), now)) continue;
      time.spent(v4(from), kMillisecond, now);
      ++count;
    }
    return count;
  }
};

TEST_F(HandshakeTimeTest, AHostHasItsShareAndItsNeighboursStillTheirs) {
  begun("198.51.100.1", 2000);
  EXPECT_NEAR(begun("198.51.100.1", 2000), 62, 4);
  EXPECT_FALSE(time.may_begin(v4("198.51.100.1"), now));
  EXPECT_TRUE(time.may_begin(v4("198.51.100.2"), now));
  EXPECT_TRUE(time.may_begin(v4("203.0.113.1"), now));
  now += 9 * kSecond;
  EXPECT_TRUE(time.may_begin(v4("198.51.100.1"), now)) << "it comes back";
}

TEST_F(HandshakeTimeTest, ANetworkAndAllTogetherHaveAnEnd) {
  for (int i = 1; i < 250; ++i) time.spent(v4("198.51.100." + std::to_string(i)), kMillisecond * 5, now);
  EXPECT_FALSE(time.may_begin(v4("198.51.100.251"), now)) << "its network has used it up";
  EXPECT_FALSE(time.may_begin(v4("203.0.113.1"), now)) << "and so have all";
  now += 9 * kSecond;
  EXPECT_TRUE(time.may_begin(v4("203.0.113.1"), now));
  EXPECT_FALSE(time.may_begin(v4("198.51.100.251"), now));
  time.spent(at("2001:db8:1:2::1"), kSecond, now);
  EXPECT_FALSE(time.may_begin(at("2001:db8:1:3::1"), now)) << "one customer has a /48 of IPv6";
}

TEST_F(HandshakeTimeTest, WhoHasProvedAKeyIsServedFirst) {
  time.remember(v4("192.0.2.7"));
  time.spent(v4("192.0.2.8"), 10 * kSecond, now);
  EXPECT_FALSE(time.may_begin(v4("203.0.113.1"), now));
  EXPECT_TRUE(time.may_begin(v4("192.0.2.7"), now));
  begun("192.0.2.7", 2000);
  EXPECT_NEAR(begun("192.0.2.7", 2000), 1000, 10) << "a half of its own";
}

TEST_F(HandshakeTimeTest, ManyHostsMakeItForgetWhoCameFirst) {
  for (int i = 0; i < 1001; ++i)
    time.remember(v4("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)));
  EXPECT_FALSE(time.knows(v4("10.0.0.0")));
  EXPECT_TRUE(time.knows(v4("10.0.0.1")));
  EXPECT_TRUE(time.knows(v4("10.0.3.232")));
}

}  // namespace
}  // namespace dcdn::net
