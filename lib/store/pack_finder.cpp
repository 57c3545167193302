#include "store/pack_finder.hpp"

#include "wire/content_cursor.hpp"

namespace dcdn::store {

Result<const PackedFiles*> PackFinder::files_of(std::uint64_t segment, std::uint64_t chunk) {
  DCDN_CHECK(turn_to(segment));
  const auto found = packs_.find(chunk);
  if (found == packs_.end()) return Error(Errc::corrupt, "a pack is not in the manifest any more");
  return &found->second;
}

Result<void> PackFinder::turn_to(std::uint64_t number) {
  if (segment_ == number) return {};
  if (number >= segments_.size()) return Error(Errc::internal, "a pack of a segment that is not here");
  segment_.reset();
  packs_.clear();
  DCDN_TRY(const wire::Segment segment, log_.segment_at(segments_[number].log_offset));
  wire::ContentCursor cursor(segment.inside_file);
  std::uint64_t chunks = 0;
  std::uint64_t entries = segments_[number].first_entry;
  std::string path;
  for (const wire::Record& record : segment.records) {
    if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
      path = begin->path;
      ++entries;
    }
    const auto part = cursor.add(record);
    const bool is_chunk = std::holds_alternative<wire::ChunkRecord>(record);
    if (is_chunk) ++chunks;
    if (!part || part->hole || (is_chunk && cursor.pack_left() == 0)) continue;
    packs_[chunks - 1].push_back({path, static_cast<std::uint32_t>(part->size), entries - 1});
  }
  segment_ = number;
  return {};
}

}  // namespace dcdn::store
