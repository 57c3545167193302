#include "coded/loss_meter.hpp"

#include <algorithm>
#include <cmath>

namespace dcdn::coded {

namespace {

constexpr double kRunMemory = 2000;  // packets

}  // namespace

void LossMeter::take(double packets, double lost, std::uint32_t runs, bool counts) {
  const auto more_runs = static_cast<double>(static_cast<std::uint32_t>(runs - last_runs_));
  last_runs_ = runs;
  if (!counts || packets <= 0) return;
  // Late packets make single shares negative: cutting those off would count reordering as loss.
  // At first every packet counts the same beside the assumption, so that a short transfer knows its loss in
  // time.
  evidence_ = std::min(evidence_ + packets, 1e9);
  const double weight = std::max(1 - std::exp(-packets / kLossMemory), packets / evidence_);
  sum_ += (lost / packets - sum_) * weight;
  share_ = std::clamp(sum_, 0.0, 1.0);
  const double kept = std::exp(-packets / kRunMemory);
  lost_lately_ = std::max(0.0, lost_lately_ * kept + lost);
  runs_lately_ = runs_lately_ * kept + more_runs;
}

double LossMeter::dispersion() const {
  const double length = (lost_lately_ + 1) / (runs_lately_ + 1) * (1 - share_);
  return std::clamp(2 * length - 1, 1.0, 50.0);
}

}  // namespace dcdn::coded
