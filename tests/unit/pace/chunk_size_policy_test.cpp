#include "pace/chunk_size_policy.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace dcdn::pace {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kSmall = 64u << 10;
constexpr std::uint32_t kMiddle = 256u << 10;
constexpr std::uint32_t kLarge = 1u << 20;

/// A policy that has settled on `measure`.
ChunkSizePolicy settled(PathMeasure measure) {
  ChunkSizePolicy policy(std::nullopt);
  for (int i = 0; i < 100; ++i) policy.update(measure);
  return policy;
}

TEST(ChunkSizePolicy, IsMiddleWhileNothingIsKnown) {
  EXPECT_EQ(ChunkSizePolicy(std::nullopt).current(), kMiddle);
}

struct Row {
  std::chrono::microseconds rtt;
  double loss;
  std::uint32_t size;
};

TEST(ChunkSizePolicy, ChoosesByRttAndLoss) {
  constexpr Row kRows[] = {
      {1us, 0, kLarge},      {80ms, 0.04, kLarge}, {150ms, 0, kMiddle},      {10ms, 0.07, kMiddle},
      {200ms, 0, kMiddle},   {10ms, 0.1, kMiddle}, {200ms + 1us, 0, kSmall}, {10ms, 0.101, kSmall},
      {50ms, 1, kSmall},     {10s, 0, kSmall},     {10s, 1, kSmall},         {150ms, 0.2, kSmall},
      {300ms, 0.07, kSmall}, {90ms, 0.0, kMiddle}, {10ms, 0.045, kMiddle},
  };
  for (const Row& row : kRows)
    EXPECT_EQ(settled({row.rtt, row.loss}).current(), row.size) << row.rtt.count() << " us " << row.loss;
}

TEST(ChunkSizePolicy, ALargerChunkIsTakenOnlyWellInside) {
  auto policy = settled({300ms, 0});
  EXPECT_EQ(policy.update({161ms, 0}), kSmall);
  EXPECT_EQ(policy.update({160ms, 0}), kMiddle);
  EXPECT_EQ(policy.update({81ms, 0}), kMiddle);
  EXPECT_EQ(policy.update({80ms, 0}), kLarge);
}

TEST(ChunkSizePolicy, ASmallerChunkIsTakenAtOnce) {
  auto policy = settled({10ms, 0});
  EXPECT_EQ(policy.update({100ms, 0}), kLarge);
  EXPECT_EQ(policy.update({100ms + 1us, 0}), kMiddle);
  EXPECT_EQ(policy.update({201ms, 0}), kSmall);
}

TEST(ChunkSizePolicy, FromSmallToLargeInOneStepWhenThePathIsGood) {
  auto policy = settled({300ms, 0});
  EXPECT_EQ(policy.update({20ms, 0}), kLarge);
}

TEST(ChunkSizePolicy, DoesNotFlapAroundABound) {
  auto policy = settled({10ms, 0});
  int changes = 0;
  std::uint32_t before = policy.current();
  for (int i = 0; i < 1000; ++i) {
    const auto now = policy.update({i % 2 == 0 ? 95ms : 105ms, 0});
    changes += now != before ? 1 : 0;
    before = now;
  }
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(before, kMiddle);
}

TEST(ChunkSizePolicy, OneBadMeasureOfLossIsSmoothedAndManyAreNot) {
  auto policy = settled({10ms, 0});
  EXPECT_EQ(policy.update({10ms, 0.16}), kLarge);
  for (int i = 0; i < 20; ++i) policy.update({10ms, 0.16});
  EXPECT_EQ(policy.current(), kSmall);
  for (int i = 0; i < 20; ++i) policy.update({10ms, 0});
  EXPECT_EQ(policy.current(), kLarge);
}

TEST(ChunkSizePolicy, TheFirstMeasureOfLossCountsInFull) {
  ChunkSizePolicy policy(std::nullopt);
  EXPECT_EQ(policy.update({10ms, 0.12}), kSmall);
}

TEST(ChunkSizePolicy, NonsenseTeachesNothing) {
  auto policy = settled({10ms, 0});
  EXPECT_EQ(policy.update({0us, 1}), kLarge);
  EXPECT_EQ(policy.update({-5s, 1}), kLarge);
  EXPECT_EQ(policy.update({10s, std::nan("")}), kLarge);
  EXPECT_EQ(policy.update({10ms, -1000}), kLarge);
  EXPECT_EQ(policy.update({10ms, 0.1}), kLarge);  // a negative loss did not make room for this one
  ChunkSizePolicy fresh(std::nullopt);
  EXPECT_EQ(fresh.update({0us, 0}), kMiddle);
  EXPECT_EQ(fresh.update({10ms, 1e9}), kSmall);
  for (int i = 0; i < 20; ++i) fresh.update({10ms, 0});
  EXPECT_EQ(fresh.current(), kLarge);  // 1e9 counted as 1
}

TEST(ChunkSizePolicy, AFixedSizeIsObeyed) {
  ChunkSizePolicy policy(12'345);
  EXPECT_EQ(policy.current(), 12'345u);
  for (const PathMeasure& measure : {PathMeasure{10s, 1}, PathMeasure{1us, 0}, PathMeasure{}}) {
    EXPECT_EQ(policy.update(measure), 12'345u);
    EXPECT_EQ(policy.current(), 12'345u);
  }
  policy.set_rate(1000);
  EXPECT_EQ(policy.current(), 12'345u);
  EXPECT_EQ(ChunkSizePolicy(1u << 20, true).current(), 1u << 20);
}

TEST(ChunkSizePolicy, AChunkIsAtMostAboutHalfASecondOfTheRate) {
  struct Limit {
    double bytes_per_s;
    std::uint32_t size;
  };
  constexpr Limit kLimits[] = {
      {1, 16u << 10},          {40'000, 16u << 10}, {65'536, 32u << 10}, {65'535, 16u << 10},
      {1'000'000, 256u << 10}, {3e6, kLarge},       {1e12, kLarge},      {0, kLarge}};
  auto policy = settled({10ms, 0});
  for (const Limit& limit : kLimits) {
    policy.set_rate(limit.bytes_per_s);
    EXPECT_EQ(policy.current(), limit.size) << limit.bytes_per_s;
  }
}

TEST(ChunkSizePolicy, TheRateMayChangeAndThePathIsStillKnown) {
  auto policy = settled({300ms, 0});
  policy.set_rate(40'000);
  EXPECT_EQ(policy.update({10ms, 0}), 16u << 10);
  policy.set_rate(0);
  EXPECT_EQ(policy.current(), kLarge);
  policy.set_rate(1e6);
  EXPECT_EQ(policy.update({300ms, 0}), kSmall);
}

TEST(ChunkSizePolicy, OnSeveralPathsItIsSmall) {
  ChunkSizePolicy policy(std::nullopt, true);
  EXPECT_EQ(policy.current(), kSmall);
  EXPECT_EQ(policy.update({10ms, 0}), kSmall);
  policy.set_rate(40'000);
  EXPECT_EQ(policy.current(), 16u << 10);
}

}  // namespace
}  // namespace dcdn::pace
