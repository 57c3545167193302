#include "store/pack_finder.hpp"

#include "wire/content_cursor.hpp"

namespace dcdn::store {

Result<const PackedFiles*> PackFinder::files_of(std::uint64_t segment, std::uint64_t chunk) {
  DCDN_TRY(const FoundChunk* found, chunk_of(segment, chunk));
  if (found->pack.empty()) return Error(Errc::corrupt, "a pack is not in the manifest any more");
  return &found->pack;
}

Result<const FoundChunk*> PackFinder::chunk_of(std::uint64_t segment, std::uint64_t chunk) {
  DCDN_CHECK(turn_to(segment));
  if (chunk >= chunks_.size()) return Error(Errc::corrupt, "a chunk is not in the manifest any more");
  return &chunks_[chunk];
}

Result<void> PackFinder::turn_to(std::uint64_t number) {
  if (segment_ == number) return {};
  if (number >= segments_.size()) return Error(Errc::internal, "a pack of a segment that is not here");
  segment_.reset();
  chunks_.clear();
  DCDN_TRY(const wire::Segment segment, log_.segment_at(segments_[number].log_offset));
  wire::ContentCursor cursor(segment.inside_file);
  bool in_open_file = segment.inside_file;
  std::uint64_t entries = segments_[number].first_entry;
  std::string path;
  for (const wire::Record& record : segment.records) {
    if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
      path = begin->path;
      in_open_file = false;
      ++entries;
    }
    const auto part = cursor.add(record);
    if (!part || part->hole) continue;
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk != nullptr) chunks_.push_back({*chunk, {}, path, part->file_offset, entries - 1, in_open_file});
    const bool is_pack = chunk == nullptr || cursor.pack_left() > 0;
    if (is_pack) chunks_.back().pack.push_back({path, static_cast<std::uint32_t>(part->size), entries - 1});
  }
  segment_ = number;
  return {};
}

}  // namespace dcdn::store
