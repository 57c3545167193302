#include "pace/class_scheduler.hpp"

#include <algorithm>
#include <numeric>

namespace dcdn::pace {

namespace {

constexpr std::uint64_t kCommonMultiple = std::lcm(std::lcm(kShares[0], kShares[1]), kShares[2]);

/// Virtual time of one byte: whole numbers in the proportion of 1/share.
constexpr std::uint64_t cost_of_byte(std::size_t index) {
  return kCommonMultiple / kShares.at(index);
}

}  // namespace

std::optional<std::size_t> ClassScheduler::pick(const std::array<bool, kClasses>& backlogged) {
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < kClasses; ++i) {
    if (backlogged[i] && !was_backlogged_[i]) virtual_time_[i] = std::max(virtual_time_[i], now_);
    was_backlogged_[i] = backlogged[i];
    if (backlogged[i] && (!chosen || virtual_time_[i] < virtual_time_[*chosen])) chosen = i;
  }
  // At the end of a busy period time moves to the last finish, so that who comes first next owes nobody.
  now_ = chosen ? std::max(now_, virtual_time_[*chosen]) : std::ranges::max(virtual_time_);
  return chosen;
}

void ClassScheduler::sent(std::size_t index, std::uint64_t bytes) {
  bytes_.at(index) += bytes;
  virtual_time_[index] += bytes * cost_of_byte(index);
}

}  // namespace dcdn::pace
