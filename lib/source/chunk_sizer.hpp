// chunk_sizer.hpp - how large the chunks of each segment are, while an object is packed.
#pragma once
#include <atomic>
#include <vector>

#include "message/session_message.hpp"
#include "pace/chunk_size_policy.hpp"

namespace dcdn::source {

/// Chooses the chunk size of each segment: as the receiver's earlier chain has it, else by the measured path.
/// Threads  chunk_bytes: the packing thread; the rest: the loop thread.
class ChunkSizer {
 public:
  /// plan: of the receiver's earlier chain; largest: the largest chunk that it takes.
  ChunkSizer(pace::ChunkSizePolicy policy, std::vector<message::ChunkPlanStep> plan, std::uint32_t largest);
  [[nodiscard]] std::uint32_t chunk_bytes(std::uint64_t segment) const;
  /// rate_bytes_per_s: what the user allows now, 0 for no limit.
  void measure(const pace::PathMeasure& measure, double rate_bytes_per_s);
  /// The receiver turns out to take larger chunks than was safe to assume.
  void allow(std::uint32_t largest);

 private:
  const std::vector<message::ChunkPlanStep> plan_;
  std::atomic<std::uint32_t> largest_;
  pace::ChunkSizePolicy policy_;
  std::atomic<std::uint32_t> current_;
};

}  // namespace dcdn::source
