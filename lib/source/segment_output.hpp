// segment_output.hpp - packed segments and their chunks as frames.
#pragma once
#include "pipeline/chunk_packer.hpp"
#include "source/packed_segment.hpp"

namespace dcdn::source {

/// The segment, its signature if it has one, and its chunks but the repeats, each to `write`.
template <class Write>
Result<void> write_segment(const PackedSegment& segment, Write&& write) {
  DCDN_CHECK(write(segment.frames.view()));
  for (const SegmentChunk& chunk : segment.chunks) {
    if (chunk.repeat) continue;
    DCDN_CHECK(write(pipeline::chunk_frame_prefix(chunk.record, chunk.carried).view()));
    DCDN_CHECK(write(chunk.carried.view()));
  }
  return {};
}

}  // namespace dcdn::source
