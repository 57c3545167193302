#include <gtest/gtest.h>

#include <functional>

#include "dcdn/transport.hpp"

namespace dcdn {
namespace {

using namespace std::chrono_literals;
using Change = std::function<void(TransportOptions&)>;

TEST(TransportCheck, TheDefaultsAreInRange) {
  EXPECT_TRUE(check(TransportOptions()).has_value());
}

TEST(TransportCheck, BothEndsOfEachRangeAreIn) {
  const Change changes[] = {
      [](auto& o) { o.max_connections = 100; },
      [](auto& o) { o.max_connections = 10000; },
      [](auto& o) { o.max_streams = 100; },
      [](auto& o) { o.max_streams = 10000; },
      [](auto& o) { o.ack_threshold = 0; },
      [](auto& o) { o.ack_threshold = 2; },
      [](auto& o) { o.ack_threshold = 64; },
      [](auto& o) { o.idle_timeout = 5s; },
      [](auto& o) { o.idle_timeout = 120s; },
      [](auto& o) { o.keep_alive = 0s; },
      [](auto& o) { o.keep_alive = 1s; },
      [](auto& o) { o.keep_alive = 60s; },
      [](auto& o) { o.handshake_timeout = 1s; },
      [](auto& o) { o.handshake_timeout = 120s; },
      [](auto& o) { o.initial_rtt = 10ms; },
      [](auto& o) { o.initial_rtt = 5s; },
      [](auto& o) { o.max_udp_payload = 0; },
      [](auto& o) { o.max_udp_payload = 1200; },
      [](auto& o) { o.max_udp_payload = 65527; },
      [](auto& o) { o.receive_window = 512u << 10; },
      [](auto& o) { o.receive_window = 64u << 20; },
  };
  for (const Change& change : changes) {
    TransportOptions options;
    change(options);
    EXPECT_TRUE(check(options).has_value()) << check(options).error().message;
  }
}

TEST(TransportCheck, WhatIsOutsideIsNamedByItsOption) {
  struct Row {
    const char* option;
    Change change;
  };
  const Row rows[] = {
      {"--max-connections", [](auto& o) { o.max_connections = 99; }},
      {"--max-connections", [](auto& o) { o.max_connections = 10001; }},
      {"--max-streams", [](auto& o) { o.max_streams = 0; }},
      {"--max-streams", [](auto& o) { o.max_streams = 10001; }},
      {"--ack-threshold", [](auto& o) { o.ack_threshold = 1; }},
      {"--ack-threshold", [](auto& o) { o.ack_threshold = 65; }},
      {"--idle-timeout", [](auto& o) { o.idle_timeout = 4999ms; }},
      {"--idle-timeout", [](auto& o) { o.idle_timeout = 120001ms; }},
      {"--idle-timeout", [](auto& o) { o.idle_timeout = -5s; }},
      {"--keep-alive", [](auto& o) { o.keep_alive = 999ms; }},
      {"--keep-alive", [](auto& o) { o.keep_alive = 61s; }},
      {"--handshake-timeout", [](auto& o) { o.handshake_timeout = 0s; }},
      {"--handshake-timeout", [](auto& o) { o.handshake_timeout = 121s; }},
      {"--initial-rtt", [](auto& o) { o.initial_rtt = 9ms; }},
      {"--initial-rtt", [](auto& o) { o.initial_rtt = 5001ms; }},
      {"--mtu", [](auto& o) { o.max_udp_payload = 1199; }},
      {"--mtu", [](auto& o) { o.max_udp_payload = 65528; }},
      {"--receive-window", [](auto& o) { o.receive_window = (512u << 10) - 1; }},
      {"--receive-window", [](auto& o) { o.receive_window = (64u << 20) + 1; }},
  };
  for (const Row& row : rows) {
    TransportOptions options;
    row.change(options);
    const auto result = check(options);
    ASSERT_FALSE(result.has_value()) << row.option;
    EXPECT_EQ(result.error().code, Errc::usage);
    EXPECT_EQ(result.error().message.rfind(row.option, 0), 0u) << result.error().message;
  }
}

}  // namespace
}  // namespace dcdn
