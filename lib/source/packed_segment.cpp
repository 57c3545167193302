#include "source/packed_segment.hpp"

#include <algorithm>
#include <span>

#include "pipeline/chunk_packer.hpp"

namespace dcdn::source {

Result<Buffer> SegmentContents::of(std::size_t chunk) {
  // The first that is needed: each past may have one of its own.
  std::size_t first = chunk;
  for (std::size_t i = chunk + 1; i-- > first;) {
    if (contents_[i].empty()) first = std::min(first, i - segment_.chunks[i].record.past);
  }
  for (std::size_t i = first; i <= chunk; ++i) DCDN_CHECK(unpack(i));
  return contents_[chunk];
}

Result<void> SegmentContents::unpack(std::size_t chunk) {
  if (!contents_[chunk].empty()) return {};
  const SegmentChunk& packed = segment_.chunks[chunk];
  const std::size_t past = packed.record.past;
  Buffer before;
  if (past > 0) before = joined(std::span(contents_).subspan(chunk - past, past), pool_);
  DCDN_TRY(contents_[chunk], pipeline::unpack_chunk(packed.record, packed.carried, pool_, before.view()));
  return {};
}

}  // namespace dcdn::source
