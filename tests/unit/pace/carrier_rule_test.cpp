#include "pace/carrier_rule.hpp"

#include <gtest/gtest.h>

namespace dcdn::pace {
namespace {

using namespace std::chrono_literals;
using dcdn::Carrier;

TEST(CarrierRule, WhatTheUserSaidIsObeyed) {
  EXPECT_FALSE(goes_coded(Carrier::streams, 600ms, 0.33));
  EXPECT_TRUE(goes_coded(Carrier::coded, 100us, 0));
}

struct Choice {
  std::chrono::microseconds least_rtt;
  double loss;
  bool coded;
};

TEST(CarrierRule, LongAndLossyPathsGoCoded) {
  constexpr Choice kChoices[] = {
      {100us, 0, false},      {2999us, 0, false},  {3ms, 0, true},      {600ms, 0, true},
      {100us, 0.0099, false}, {100us, 0.01, true}, {600ms, 0.33, true}, {0us, 0, false},
  };
  for (const Choice& row : kChoices)
    EXPECT_EQ(goes_coded(Carrier::automatic, row.least_rtt, row.loss), row.coded)
        << row.least_rtt.count() << " us, loss " << row.loss;
}

TEST(CarrierRule, LossIsNotKnownBeforeEnoughWasSent) {
  EXPECT_EQ(known_loss(0, 0), 0);
  EXPECT_EQ(known_loss(499, 499), 0);
  EXPECT_DOUBLE_EQ(known_loss(500, 5), 0.01);
  EXPECT_DOUBLE_EQ(known_loss(1'000'000'000, 250'000'000), 0.25);
}

TEST(CarrierRule, AShortPathIsOneOfALan) {
  EXPECT_TRUE(is_short_path(2999us));
  EXPECT_FALSE(is_short_path(3ms));
}

}  // namespace
}  // namespace dcdn::pace
