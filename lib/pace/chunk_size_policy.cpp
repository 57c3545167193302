#include "pace/chunk_size_policy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace dcdn::pace {

namespace {

struct Step {
  std::uint32_t chunk_bytes;
  double largest_rtt_us;
  double largest_loss;
};
// Largest chunk first; what fits neither gets the smallest.
constexpr std::array<Step, 2> kSteps{{{1u << 20, 100e3, 0.05}, {256u << 10, 200e3, 0.10}}};
constexpr std::uint32_t kSmallestChunk = 64u << 10;
constexpr std::uint32_t kLargestChunk = kSteps[0].chunk_bytes;
constexpr std::uint32_t kMostOfSeveralPaths = 64u << 10;
constexpr std::uint32_t kLeastByRate = 16u << 10;
constexpr double kInside = 0.8;
constexpr double kWeight = 0.25;

}  // namespace

ChunkSizePolicy::ChunkSizePolicy(std::optional<std::uint32_t> fixed, bool several_paths)
    : fixed_(fixed),
      most_by_paths_(several_paths ? kMostOfSeveralPaths : kLargestChunk),
      most_by_rate_(kLargestChunk) {}

void ChunkSizePolicy::set_rate(double bytes_per_s) {
  const double half_second = std::clamp(bytes_per_s / 2, double{kLeastByRate}, double{kLargestChunk});
  most_by_rate_ = bytes_per_s > 0 ? std::bit_floor(static_cast<std::uint32_t>(half_second)) : kLargestChunk;
}

std::uint32_t ChunkSizePolicy::current() const {
  return fixed_.value_or(std::min({current_, most_by_paths_, most_by_rate_}));
}

std::uint32_t ChunkSizePolicy::update(const PathMeasure& measure) {
  if (measure.rtt.count() <= 0 || std::isnan(measure.loss)) return current();
  const double loss = std::clamp(measure.loss, 0.0, 1.0);
  smoothed_loss_ = known_ ? smoothed_loss_ + kWeight * (loss - smoothed_loss_) : loss;
  known_ = true;
  const double rtt = static_cast<double>(measure.rtt.count());
  std::uint32_t next = kSmallestChunk;
  for (const Step& step : kSteps) {
    const double bound = step.chunk_bytes > current_ ? kInside : 1.0;
    if (rtt > step.largest_rtt_us * bound || smoothed_loss_ > step.largest_loss * bound) continue;
    next = step.chunk_bytes;
    break;
  }
  current_ = next;
  return current();
}

}  // namespace dcdn::pace
