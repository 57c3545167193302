#include "coded/first_train.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr std::uint64_t kLeastTrain = 8;
constexpr Seconds kShortestTrain = 0.004;  // below it the clock of our wake-ups shows, and not the path's

}  // namespace

void FirstTrain::take(std::uint64_t number, bool in_order, Seconds now) {
  if (number >= kTrain) return;
  if (!seen_) {
    first_ = number;
    began_ = now;
    seen_ = true;
  }
  if (!in_order) broken_ = true;
  last_ = number;
  ended_ = now;
}

std::uint32_t FirstTrain::rate() const {
  const std::uint64_t span = last_ - first_;
  if (!seen_ || broken_ || span < kLeastTrain || ended_ - began_ < kShortestTrain) return 0;
  return static_cast<std::uint32_t>(std::min(static_cast<double>(span) / (ended_ - began_), 4e6));
}

}  // namespace dcdn::coded
