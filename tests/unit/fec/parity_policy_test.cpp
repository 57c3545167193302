#include "fec/parity_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace dcdn::fec {
namespace {

using std::chrono::milliseconds;

// The tail by another way: the chance of `lost` losses in n trials, built up trial by trial.
double odds_by_recursion(BlockShape shape, double loss) {
  const unsigned n = shape.sources + shape.repairs;
  std::vector<long double> chance(n + 1, 0.0L);
  chance[0] = 1;
  for (unsigned trial = 0; trial < n; ++trial)
    for (unsigned lost = trial + 2; lost-- > 0;)
      chance[lost] = chance[lost] * (1 - loss) + (lost > 0 ? chance[lost - 1] * loss : 0);
  long double sum = 0;
  for (unsigned lost = n; lost > shape.repairs; --lost) sum += chance[lost];
  return static_cast<double>(sum);
}

TEST(FailureOdds, AreTheBinomialTail) {
  EXPECT_DOUBLE_EQ(failure_odds({1, 1}, 0.5), 0.25);
  EXPECT_NEAR(failure_odds({2, 1}, 0.1), 0.028, 1e-15);
  for (const BlockShape shape :
       {BlockShape{1, 0}, {10, 3}, {50, 10}, {50, 25}, {200, 55}, {1, 254}, {254, 1}})
    for (const double loss : {0.001, 0.05, 0.2, 0.33, 0.5, 0.9, 0.999}) {
      const double wanted = odds_by_recursion(shape, loss);
      EXPECT_NEAR(failure_odds(shape, loss), wanted, wanted * 1e-9)
          << shape.sources << "+" << shape.repairs << " at " << loss;
    }
}

TEST(FailureOdds, EndsOfTheRange) {
  EXPECT_EQ(failure_odds({50, 10}, 0), 0);
  EXPECT_EQ(failure_odds({50, 10}, 1), 1);
  EXPECT_LE(failure_odds({254, 0}, 0.999999), 1);
  EXPECT_GT(failure_odds({1, 254}, 0.1), 0) << "1e-255, and still not nothing";
}

// n / k that is needed for odds of 1e-6, as measured and published for ideal codes.
TEST(RepairsToSurvive, KnownOverheads) {
  const auto overhead = [](unsigned k, double loss) {
    const auto m = repairs_to_survive(k, loss);
    return m ? std::floor(100.0 * (k + *m) / k + 0.5) / 100 : 0;
  };
  EXPECT_EQ(overhead(32, 0.20), 1.88);
  EXPECT_EQ(overhead(64, 0.20), 1.67);
  EXPECT_EQ(overhead(128, 0.20), 1.52);
  EXPECT_EQ(overhead(32, 0.33), 2.44);
  EXPECT_EQ(overhead(64, 0.33), 2.11);
  EXPECT_EQ(overhead(128, 0.33), 1.91);
}

TEST(RepairsToSurvive, IsTheSmallestThatDoes) {
  for (const unsigned k : {1u, 8u, 50u, 100u})
    for (const double loss : {0.01, 0.05, 0.2}) {
      const auto m = repairs_to_survive(k, loss);
      ASSERT_TRUE(m.has_value()) << k << " " << loss;
      EXPECT_LT(failure_odds({k, *m}, loss), 1e-6);
      EXPECT_TRUE(*m == 1 || failure_odds({k, *m - 1}, loss) >= 1e-6);
    }
  EXPECT_EQ(*repairs_to_survive(10, 0), 1u) << "a code has a repair symbol";
  EXPECT_LT(*repairs_to_survive(50, 0.2, 1e-2), *repairs_to_survive(50, 0.2, 1e-6));
}

TEST(RepairsToSurvive, TheImpossibleNamesTheWayOut) {
  const auto wide = repairs_to_survive(200, 0.33);
  ASSERT_FALSE(wide.has_value());
  EXPECT_EQ(wide.error().code, Errc::usage);
  const auto at = wide.error().hint.find("-k ");
  ASSERT_NE(at, std::string::npos) << wide.error().hint;
  const auto k = static_cast<unsigned>(std::stoul(wide.error().hint.substr(at + 3)));
  EXPECT_TRUE(repairs_to_survive(k, 0.33).has_value()) << k;
  EXPECT_FALSE(repairs_to_survive(k + 1, 0.33).has_value()) << k;
  EXPECT_NE(repairs_to_survive(1, 0.99).error().hint.find("smaller loss"), std::string::npos);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& refused :
       {repairs_to_survive(0, 0.1), repairs_to_survive(255, 0.1), repairs_to_survive(4000000000u, 0.1),
        repairs_to_survive(10, 1), repairs_to_survive(10, -0.1), repairs_to_survive(10, nan),
        repairs_to_survive(10, 0.1, 0), repairs_to_survive(10, 0.1, 1), repairs_to_survive(10, 0.1, nan)})
    EXPECT_EQ(refused.error().code, Errc::usage);
}

// It has been said of 50 + 10 that it survives 20 % loss. 20 % of 60 is 12, and 12 is more than 10.
TEST(SurvivableLoss, FiftyPlusTenDoesNotSurviveTwentyPercent) {
  constexpr BlockShape shape{50, 10};
  EXPECT_NEAR(failure_odds(shape, 0.20), 0.6766, 1e-4) << "two blocks of three are lost";
  EXPECT_NEAR(survivable_loss(shape, 1e-6), 0.02865, 1e-5);
  EXPECT_NEAR(survivable_loss(shape, 1e-2), 0.08328, 1e-5);
  EXPECT_GT(failure_odds(shape, 10.0 / 60), 0.4) << "m of k + m on average is a coin's toss";
}

TEST(SurvivableLoss, IsTheEdge) {
  for (const BlockShape shape : {BlockShape{10, 3}, {50, 25}, {200, 55}})
    for (const double target : {1e-6, 1e-2}) {
      const double edge = survivable_loss(shape, target);
      EXPECT_LT(failure_odds(shape, edge), target);
      EXPECT_GE(failure_odds(shape, edge + 1e-9), target);
    }
}

// Symbols in the order of an interleaved group, every place a burst can begin.
unsigned worst_of_a_block(BlockShape shape, std::uint64_t depth, std::uint64_t burst) {
  const std::uint64_t symbols = depth * (shape.sources + shape.repairs);
  unsigned worst = 0;
  for (std::uint64_t start = 0; start < symbols; ++start) {
    std::vector<unsigned> lost(depth);
    for (std::uint64_t i = start; i < std::min(symbols, start + burst); ++i)
      worst = std::max(worst, ++lost[i % depth]);
  }
  return worst;
}

TEST(DepthForBursts, IsEnoughAndNotMore) {
  for (const BlockShape shape : {BlockShape{10, 3}, {8, 4}, {5, 1}})
    for (std::uint64_t burst = 1; burst <= 25; ++burst) {
      const auto depth = depth_for_bursts(shape, burst);
      ASSERT_TRUE(depth.has_value());
      EXPECT_LE(worst_of_a_block(shape, *depth, burst), shape.repairs) << burst;
      if (*depth > 1) {
        EXPECT_GT(worst_of_a_block(shape, *depth - 1, burst), shape.repairs) << burst;
      }
    }
  EXPECT_EQ(*depth_for_bursts({50, 10}, 0), 1u);
  EXPECT_EQ(*depth_for_bursts({50, 10}, std::numeric_limits<std::uint64_t>::max()), 1844674407370955162u);
  EXPECT_EQ(depth_for_bursts({50, 0}, 1).error().code, Errc::usage);
}

TEST(ShapeForLatency, StepsAndBounds) {
  const auto at = [](int ms, double loss) { return shape_for_latency(milliseconds(ms), loss); };
  EXPECT_EQ(at(0, 0), (BlockShape{8, 2}));
  EXPECT_EQ(at(100, 0.05), (BlockShape{8, 2}));
  EXPECT_EQ(at(101, 0.05), (BlockShape{16, 2}));
  EXPECT_EQ(at(200, 0.10), (BlockShape{16, 3}));
  EXPECT_EQ(at(201, 0.10), (BlockShape{32, 5}));
  EXPECT_EQ(at(500, 0.20), (BlockShape{32, 10}));
  EXPECT_EQ(at(501, 0.20), (BlockShape{64, 20}));
  EXPECT_EQ(at(5000, 0.25), (BlockShape{64, 24})) << "a whole number is not rounded up";
  EXPECT_EQ(at(5000, 0.9), (BlockShape{64, 32}));
  EXPECT_EQ(at(50, 0.9), (BlockShape{8, 4}));
}

TEST(AdaptiveParity, Thresholds) {
  const std::pair<double, unsigned> steps[] = {{0, 5},       {0.05, 5},  {0.0501, 10}, {0.10, 10},
                                               {0.1001, 15}, {0.15, 15}, {0.1501, 20}, {0.20, 20},
                                               {0.2001, 25}, {1, 25}};
  for (const auto& [loss, parity] : steps) {
    AdaptiveParity policy;
    for (int i = 0; i < 100; ++i) {
      policy.sample(loss);
      ASSERT_EQ(policy.parity(), parity) << loss << " after " << i;
    }
  }
}

TEST(AdaptiveParity, SmoothsByThreeTenths) {
  AdaptiveParity policy;
  EXPECT_EQ(policy.shape(), (BlockShape{50, 10}));
  policy.sample(0.0);
  policy.sample(0.5);
  EXPECT_NEAR(policy.smoothed_loss(), 0.15, 1e-12);
  policy.sample(0.0);
  EXPECT_NEAR(policy.smoothed_loss(), 0.105, 1e-12);
  EXPECT_EQ(policy.parity(), 15u);
  for (const double nonsense : {-1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) policy.sample(nonsense);
  EXPECT_NEAR(policy.smoothed_loss(), 0.105, 1e-12);
  for (int i = 0; i < 20; ++i) policy.sample(0);
  EXPECT_EQ(policy.parity(), 5u);
}

TEST(ParsePolicy, WhatItTakes) {
  for (const char* text :
       {"latency:200,loss:5%", "latency:200ms,loss:0.05", "loss:5%,latency:200", "latency:200,loss:.05"}) {
    const auto policy = parse_parity_policy(text);
    ASSERT_TRUE(policy.has_value()) << text;
    EXPECT_EQ(policy->kind, PolicyKind::latency);
    EXPECT_EQ(policy->budget, milliseconds(200));
    EXPECT_DOUBLE_EQ(policy->loss, 0.05);
    EXPECT_EQ(policy->first_shape(), (BlockShape{16, 2}));
  }
  EXPECT_EQ(parse_parity_policy("latency:1s,loss:0")->first_shape(), (BlockShape{64, 2}));
  EXPECT_EQ(parse_parity_policy("adaptive")->kind, PolicyKind::adaptive);
  EXPECT_EQ(parse_parity_policy("adaptive")->first_shape(), (BlockShape{50, 10}));
}

TEST(ParsePolicy, WhatItRefuses) {
  for (const char* text : {"",
                           "latency",
                           "latency:",
                           "latency:200",
                           "loss:5%",
                           "latency:200,",
                           ",",
                           "latency:200,loss:",
                           "adaptive:1",
                           "Adaptive",
                           "latency:200,loss:5",
                           "latency:200,loss:100%",
                           "latency:-1,loss:5%",
                           "latency:200,loss:-5%",
                           "latency:200,loss:nan",
                           "latency:200,loss:1e-2",
                           "latency:200,loss:5%,loss:5%",
                           "latency:1,latency:1,loss:0",
                           "latency:200kg,loss:5%",
                           "latency:200,loss:5%%",
                           "latency:200,loss:%",
                           "latency:200,loss:.",
                           "latency:99999999999999999999,loss:5%",
                           "latency:200,loss:5%,depth:2",
                           "latency:200, loss:5%"}) {
    const auto policy = parse_parity_policy(text);
    ASSERT_FALSE(policy.has_value()) << text;
    EXPECT_EQ(policy.error().code, Errc::usage) << text;
    EXPECT_FALSE(policy.error().message.empty());
  }
  EXPECT_EQ(parse_loss("5").error().hint, "5% or 0.05");
  EXPECT_NE(parse_parity_policy("latency:200").error().message.find("has no loss"), std::string::npos);
}

}  // namespace
}  // namespace dcdn::fec
