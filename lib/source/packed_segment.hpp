// packed_segment.hpp - a segment of an object as it is packed: its frames, and its chunks as they travel.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"
#include "wire/manifest.hpp"

namespace dcdn::source {

struct SegmentChunk {
  wire::ChunkRecord record;
  Buffer carried;       ///< empty: of a ready stream, a repeat; else made when it is wanted (ChunkRemaker)
  bool repeat = false;  ///< equal content came before within the repeat window: need not be sent again
  Buffer content{};     ///< what was unpacked for it, where that was read again; else empty
};

/// The file that is open where a segment begins.
struct FilePlace {
  std::string path;  ///< in the tree
  std::uint64_t offset = 0;
};

/// What compressing took, of those chunks of a segment that are carried compressed.
struct CompressEffort {
  std::uint64_t content_bytes = 0;
  std::uint64_t carried_bytes = 0;
  double seconds = 0;  ///< of threads
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
  CompressEffort effort;
  FilePlace begins_in;  ///< if its first records belong to a file of the segment before
};
using PackedSegmentPtr = std::shared_ptr<const PackedSegment>;

/// The contents of a segment's chunks again, unpacked as they are asked for and kept. `segment` outlives it.
class SegmentContents {
 public:
  SegmentContents(const PackedSegment& segment, BufferPool& pool) : segment_(segment), pool_(pool) {
    for (const SegmentChunk& chunk : segment.chunks) contents_.push_back(chunk.content);
  }
  /// error corrupt: as pipeline::unpack_chunk.
  Result<Buffer> of(std::size_t chunk);

 private:
  Result<void> unpack(std::size_t chunk);

  const PackedSegment& segment_;
  BufferPool& pool_;
  std::vector<Buffer> contents_;
};

}  // namespace dcdn::source
