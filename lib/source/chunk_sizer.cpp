#include "source/chunk_sizer.hpp"

#include <algorithm>
#include <bit>

#include "wire/frame.hpp"

namespace dcdn::source {

namespace {

constexpr std::uint32_t kMostOfSeveralPaths = 64u << 10;

std::uint32_t bound_by_rate(std::optional<std::uint32_t> fixed, double rate_bytes_per_s) {
  constexpr double kLeast = 16384;
  if (fixed || rate_bytes_per_s <= 0) return wire::kMaxChunkContent;
  const double half_second = std::clamp(rate_bytes_per_s / 2, kLeast, double{wire::kMaxChunkContent});
  return std::bit_floor(static_cast<std::uint32_t>(half_second));
}

}  // namespace

ChunkSizer::ChunkSizer(std::optional<std::uint32_t> fixed, std::vector<message::ChunkPlanStep> plan,
                       std::uint32_t largest, double rate_bytes_per_s, bool several_paths)
    : plan_(std::move(plan)),
      largest_(largest),
      largest_chosen_(std::min(bound_by_rate(fixed, rate_bytes_per_s),
                               several_paths && !fixed ? kMostOfSeveralPaths : UINT32_MAX)),
      policy_(fixed),
      current_(policy_.current()) {}

std::uint32_t ChunkSizer::chunk_bytes(std::uint64_t segment) const {
  std::uint32_t size = std::min(current_.load(std::memory_order_relaxed), largest_chosen_);
  for (const message::ChunkPlanStep& step : plan_) {
    if (step.segment <= segment) size = step.chunk_content;
  }
  return std::clamp<std::uint32_t>(size, wire::kMinChunkContent, largest_.load(std::memory_order_relaxed));
}

void ChunkSizer::allow(std::uint32_t largest) {
  if (largest > largest_.load(std::memory_order_relaxed)) largest_.store(largest, std::memory_order_relaxed);
}

void ChunkSizer::measure(const pace::PathMeasure& measure) {
  current_.store(policy_.update(measure), std::memory_order_relaxed);
}

}  // namespace dcdn::source
