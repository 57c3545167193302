// segment_rungs.hpp - how much is spent on compressing each segment, while an object is packed.
#pragma once
#include <atomic>
#include <optional>
#include <vector>

#include "compress/codec.hpp"
#include "message/session_message.hpp"
#include "pace/rung_choice.hpp"
#include "source/packed_segment.hpp"

namespace dcdn::source {

/// As was asked for; else as the receiver's earlier chain has it; else as the link wants it.
/// Threads  rung and made: the packing thread; the rest: the loop thread.
class SegmentRungs {
 public:
  /// threads: that compress. plan: of the receiver's earlier chain.
  SegmentRungs(const compress::CompressRequest& request, std::vector<message::ChunkPlanStep> plan,
               std::size_t threads);
  /// Nothing else decides: then it pays to ask late, when more is known of the link.
  [[nodiscard]] bool follows_link() const { return choice_.has_value(); }
  /// Of a segment whose content is about to be compressed.
  std::uint8_t rung(std::uint64_t segment);
  /// It is.
  void made(const CompressEffort& effort);
  /// Carried bytes a second that the link takes, 0: not known; at most, as the user says, 0: nothing; and
  /// whether it has nothing to carry just now.
  void measure(double bytes_per_s, double ceiling, bool idle);

 private:
  const compress::CompressRequest request_;
  const std::vector<message::ChunkPlanStep> plan_;
  std::optional<pace::RungChoice> choice_;
  std::atomic<double> bytes_per_s_{0};
  std::atomic<bool> making_{false};
  std::atomic<bool> waited_{false};
};

}  // namespace dcdn::source
