// passed_segments.hpp - what a sender keeps of segments that it passed over because its receiver seems to
// have them: enough to send them after all, and nothing of their chunks.
//
// Threads  the loop thread
#pragma once
#include <cstdint>
#include <deque>

#include "source/packed_segment.hpp"

namespace dcdn::session {

class PassedSegments {
 public:
  /// Manifests are short: this is what 60 GB of one file need, or a million small ones.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  /// The one after the last; of others and of more than kMostBytes none is kept any more.
  void add(const source::PackedSegment& segment);
  /// nullptr: not kept. Its chunks have no bytes (source/chunk_remaker.hpp).
  [[nodiscard]] source::PackedSegmentPtr at(std::uint64_t index) const;
  /// The receiver has segments [0, upto).
  void release(std::uint64_t upto);
  void clear();
  [[nodiscard]] bool empty() const { return kept_.empty(); }
  /// Index of the first that is kept, and the id of the one before it (zero if it is the first of all).
  [[nodiscard]] std::uint64_t first() const { return kept_.front().index; }
  [[nodiscard]] const Digest& id_before_first() const { return id_before_first_; }

 private:
  std::deque<source::PackedSegment> kept_;
  std::size_t bytes_ = 0;
  bool too_many_ = false;
  Digest id_before_first_;
};

}  // namespace dcdn::session
