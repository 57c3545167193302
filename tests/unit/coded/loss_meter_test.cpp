#include "coded/loss_meter.hpp"

#include <gtest/gtest.h>

namespace dcdn::coded {
namespace {

TEST(loss_meter, a_share_that_lasts_is_found) {
  LossMeter meter;
  EXPECT_DOUBLE_EQ(meter.share(), 0.1) << "assumed, before anything is known";
  for (std::uint32_t i = 1; i <= 200; ++i) meter.take(20, 6, i, true);
  EXPECT_NEAR(meter.share(), 0.3, 0.01);
}

TEST(loss_meter, what_an_outage_took_is_no_loss_of_the_path) {
  LossMeter meter;
  meter.take(1000, 1000, 1, false);
  EXPECT_DOUBLE_EQ(meter.share(), 0.1);
}

TEST(loss_meter, packets_that_come_late_after_all_were_not_lost) {
  LossMeter meter;
  for (std::uint32_t i = 1; i <= 200; ++i) {
    meter.take(20, 10, i, true);
    meter.take(20, -10, i, true);
  }
  EXPECT_NEAR(meter.share(), 0, 0.04);
  EXPECT_GE(meter.share(), 0);
}

TEST(loss_meter, losses_in_runs_scatter_more_than_single_ones) {
  LossMeter singles;
  LossMeter runs;
  runs.take(0, 0, 0xfffffff0u, false);  // from where the count turns over soon
  for (std::uint32_t i = 1; i <= 200; ++i) {
    singles.take(100, 10, 10 * i, true);
    runs.take(100, 10, 0xfffffff0u + i, true);
  }
  EXPECT_LT(singles.dispersion(), 1.5);
  EXPECT_GT(runs.dispersion(), 10);
}

}  // namespace
}  // namespace dcdn::coded
