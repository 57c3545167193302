#include "net/alarm.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

namespace dcdn::net {
namespace {

constexpr ngtcp2_tstamp kFarAhead = 3600 * NGTCP2_SECONDS;

TEST(Alarm, RingsOnceForTheEarliest) {
  asio::io_context io;
  Alarm alarm(io.get_executor());
  int early = 0;
  int late = 0;
  const ngtcp2_tstamp now = quic_now();
  alarm.set(now + kFarAhead, [&] { ++late; });
  alarm.set(now + NGTCP2_MILLISECONDS, [&] { ++early; });
  alarm.set(now + kFarAhead, [&] { ++late; });
  io.run();
  EXPECT_EQ(early, 1);
  EXPECT_EQ(late, 0);
}

TEST(Alarm, CanBeSetWhileItRingsAndAfterItWasCancelled) {
  asio::io_context io;
  Alarm alarm(io.get_executor());
  int rings = 0;
  alarm.set(quic_now(), [&] {
    ++rings;
    alarm.set(quic_now(), [&] { ++rings; });
  });
  io.run();
  EXPECT_EQ(rings, 2);
  io.restart();
  alarm.set(quic_now(), [&] { rings = 100; });
  alarm.cancel();
  alarm.set(quic_now() + NGTCP2_MILLISECONDS, [&] { ++rings; });
  io.run();
  EXPECT_EQ(rings, 3);
}

TEST(Alarm, NeverSetsNothing) {
  asio::io_context io;
  Alarm alarm(io.get_executor());
  alarm.set(kNever, [] { FAIL(); });
  EXPECT_EQ(io.run(), 0u);
}

}  // namespace
}  // namespace dcdn::net
