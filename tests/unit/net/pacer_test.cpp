#include "net/pacer.hpp"

#include <gtest/gtest.h>

namespace dcdn::net {
namespace {

constexpr Pacer::Nanoseconds kMillisecond = 1'000'000;
constexpr double kBytesPerNs = 0.001;  // 1 MB/s: 1000 bytes a millisecond
constexpr Pacer::Nanoseconds kStart = 1'000 * kMillisecond;

/// When the next packet may leave, as ngtcp2 works it out.
Pacer::Nanoseconds next_after(Pacer& pacer, Pacer::Nanoseconds now, double bytes) {
  return pacer.batch_sent(now, bytes, kBytesPerNs) + static_cast<Pacer::Nanoseconds>(bytes / kBytesPerNs);
}

/// Ten counts of 1000 packets of which `lost` were lost.
Pacer pacer_after_loss(std::uint64_t lost, std::uint64_t smoothed_rtt, bool makes_up = true) {
  Pacer pacer(makes_up);
  for (std::uint64_t i = 1; i <= 30; ++i)
    pacer.count(kStart, PathSample{i * 1000, i * lost, smoothed_rtt, 100 * kMillisecond});
  return pacer;
}

TEST(Pacer, LateWakeUpsDoNotSlowTheAverage) {
  Pacer pacer(false);
  Pacer::Nanoseconds now = kStart;
  for (int i = 0; i < 100; ++i)
    now = next_after(pacer, now, 2000) + kMillisecond / 2;  // always half a ms late
  const double seconds = static_cast<double>(now - kStart) * 1e-9;
  EXPECT_NEAR(100 * 2000 / seconds, 1e6, 2e4);
}

TEST(Pacer, AfterAPauseThereIsNoBurst) {
  Pacer pacer(false);
  next_after(pacer, kStart, 1000);
  const Pacer::Nanoseconds later = kStart + 10'000 * kMillisecond;
  Pacer::Nanoseconds next = 0;
  for (int i = 0; i < 3; ++i) next = next_after(pacer, later, 1000);
  EXPECT_GE(next, later + kMillisecond) << "more than a millisecond's worth was saved up";
}

TEST(Pacer, SendingEarlyIsPaidForLater) {
  Pacer pacer(false);
  Pacer::Nanoseconds next = 0;
  for (int i = 0; i < 3; ++i) next = next_after(pacer, kStart, 1000);
  EXPECT_GE(next, kStart + 2 * kMillisecond - 1);
}

TEST(Pacer, RandomLossIsMadeUp) {
  const Pacer pacer = pacer_after_loss(200, 100 * kMillisecond);
  EXPECT_NEAR(pacer.made_up(), 0.16, 0.01);
  EXPECT_GT(1.25 * 0.8 / (1 - pacer.made_up()), 1.15) << "BBR's probe would find nothing";
}

TEST(Pacer, ACleanPathIsPacedAsAsked) {
  EXPECT_EQ(pacer_after_loss(0, 100 * kMillisecond).made_up(), 0);
}

TEST(Pacer, LossWithAQueueIsCongestion) {
  EXPECT_EQ(pacer_after_loss(200, 150 * kMillisecond).made_up(), 0);
  const double between = pacer_after_loss(200, 130 * kMillisecond).made_up();
  EXPECT_GT(between, 0);
  EXPECT_LT(between, 0.12);
}

TEST(Pacer, OtherControllersAreLeftAlone) {
  EXPECT_EQ(pacer_after_loss(200, 100 * kMillisecond, false).made_up(), 0);
  EXPECT_FALSE(Pacer(false).wants_counts(kStart));
}

TEST(Pacer, NonsenseCountsStayWithinBounds) {
  Pacer pacer(true);
  EXPECT_TRUE(pacer.wants_counts(kStart));
  for (std::uint64_t i = 1; i <= 50; ++i) pacer.count(kStart, PathSample{i * 100, i * 100000, 0, 0});
  EXPECT_LE(pacer.made_up(), 0.4);
  pacer.count(kStart, PathSample{1 << 20, 0, 0, 0});  // a loss total that goes back
  EXPECT_LE(pacer.made_up(), 0.4);
  EXPECT_FALSE(pacer.wants_counts(kStart));
  const Pacer::Nanoseconds later = kStart + 200 * kMillisecond;
  EXPECT_TRUE(pacer.wants_counts(later));
}

TEST(Pacer, AFewPacketsProveNothing) {
  Pacer pacer(true);
  pacer.count(kStart, PathSample{40, 20, 100 * kMillisecond, 100 * kMillisecond});
  EXPECT_EQ(pacer.made_up(), 0);
}

}  // namespace
}  // namespace dcdn::net
