#include "source/chunk_sizer.hpp"

#include <algorithm>

#include "wire/frame.hpp"

namespace dcdn::source {

ChunkSizer::ChunkSizer(pace::ChunkSizePolicy policy, std::vector<message::ChunkPlanStep> plan,
                       std::uint32_t largest)
    : plan_(std::move(plan)), largest_(largest), policy_(policy), current_(policy_.current()) {}

std::uint32_t ChunkSizer::chunk_bytes(std::uint64_t segment) const {
  std::uint32_t size = current_.load(std::memory_order_relaxed);
  for (const message::ChunkPlanStep& step : plan_) {
    if (step.segment <= segment) size = step.chunk_content;
  }
  return std::clamp<std::uint32_t>(size, wire::kMinChunkContent, largest_.load(std::memory_order_relaxed));
}

void ChunkSizer::allow(std::uint32_t largest) {
  if (largest > largest_.load(std::memory_order_relaxed)) largest_.store(largest, std::memory_order_relaxed);
}

void ChunkSizer::measure(const pace::PathMeasure& measure, double rate_bytes_per_s) {
  policy_.set_rate(rate_bytes_per_s);
  current_.store(policy_.update(measure), std::memory_order_relaxed);
}

}  // namespace dcdn::source
