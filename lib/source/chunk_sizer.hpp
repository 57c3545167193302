// chunk_sizer.hpp - how large the chunks of each segment are, while an object is packed.
#pragma once
#include <atomic>
#include <optional>
#include <vector>

#include "message/session_message.hpp"
#include "pace/chunk_size_policy.hpp"

namespace dcdn::source {

/// Chooses the chunk size of each segment: as the receiver's earlier chain has it, else by the measured path.
/// Threads  chunk_bytes: the packing thread; the rest: the loop thread.
class ChunkSizer {
 public:
  /// rate_bytes_per_s: of --rate, 0 for none: a chunk never takes longer than about half a second of it.
  /// several_paths: 64 KiB at most, so that no path has much to finish when the others are done.
  ChunkSizer(std::optional<std::uint32_t> fixed, std::vector<message::ChunkPlanStep> plan,
             std::uint32_t largest, double rate_bytes_per_s, bool several_paths = false);
  [[nodiscard]] std::uint32_t chunk_bytes(std::uint64_t segment) const;
  void measure(const pace::PathMeasure& measure);
  /// The receiver turns out to take larger chunks than was safe to assume.
  void allow(std::uint32_t largest);

 private:
  const std::vector<message::ChunkPlanStep> plan_;
  std::atomic<std::uint32_t> largest_;
  const std::uint32_t largest_chosen_;
  pace::ChunkSizePolicy policy_;
  std::atomic<std::uint32_t> current_;
};

}  // namespace dcdn::source
