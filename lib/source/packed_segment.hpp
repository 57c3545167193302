// packed_segment.hpp - a segment of an object as it is packed: its frames, and its chunks as they travel.
#pragma once
#include <memory>
#include <vector>

#include "base/buffer.hpp"
#include "wire/manifest.hpp"

namespace dcdn::source {

struct SegmentChunk {
  wire::ChunkRecord record;
  Buffer carried;
  bool repeat = false;  ///< equal content came before within the repeat window: need not be sent again
};

struct PackedSegment {
  std::uint64_t index = 0;
  Digest id;
  bool final = false;
  Buffer frames;                     ///< segment frame and its signature frame
  std::vector<SegmentChunk> chunks;  ///< in the order of the segment's ChunkRecords
  std::uint64_t content_bytes = 0;   ///< chunks and holes
  std::uint64_t left_out_bytes = 0;  ///< of the object's so far, what came of files that were then left out
  std::size_t records = 0;           ///< of its manifest: what it costs whoever keeps it parsed
};
using PackedSegmentPtr = std::shared_ptr<const PackedSegment>;

}  // namespace dcdn::source
