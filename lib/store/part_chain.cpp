#include "store/part_chain.hpp"

#include <algorithm>
#include <utility>

#include "wire/frame.hpp"

namespace dcdn::store {

Result<void> PartChain::check(const wire::Segment& segment, const Digest& id) const {
  wire::ManifestChecker checker = checker_;
  DCDN_CHECK(checker.add(segment, id));
  if (checker.kind() != kind_) return Error(Errc::corrupt, "the object is of another kind than was offered");
  return {};
}

void PartChain::add(const wire::Segment& segment, const Digest& id, const IsHere& is_here) {
  (void)checker_.add(segment, id).has_value();  // check() let it pass
  SegmentState state;
  state.id = id;
  state.first_chunk = chunks_;
  segments_.push_back(state);
  for (const wire::Record& record : segment.records) {
    left_out_content_.add(record);
    if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
      if (begin->kind == wire::EntryKind::file) begin_file(*begin);
    } else if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
      add_chunk(*chunk, is_here);
    } else if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) {
      add_hole(hole->size);
    } else if (const auto* left = std::get_if<wire::LeftOut>(&record)) {
      left_out_.add(*left);
      if (current_) give_up_file();
    } else {
      end_file(std::get<wire::EntryEnd>(record));
    }
  }
  while (segments_done_ < segments_.size() && segments_[segments_done_].missing == 0) ++segments_done_;
}

void PartChain::begin_file(const wire::EntryBegin& entry) {
  current_ = std::make_shared<PartFile>();
  current_->path = kind_ == wire::ObjectKind::tree ? entry.path : kSingleFileName;
  current_->number = verified_.size();
  current_->promised_bytes = entry.size.value_or(0);
  current_->digest = std::make_unique<InOrderDigest>();
  verified_.push_back(false);
  last_chunk_bytes_ = 0;
}

void PartChain::add_chunk(const wire::ChunkRecord& record, const IsHere& is_here) {
  more_follows();
  SegmentState& segment = segments_.back();
  const std::uint64_t segment_index = segments_.size() - 1;
  const std::uint64_t offset = current_->announced;
  const std::uint64_t chunk = chunks_++;
  ++segment.chunks;
  segment.largest = std::max(segment.largest, record.content_size);
  last_chunk_segment_ = segment_index;
  last_chunk_bytes_ = record.content_size;
  if (current_->chunks++ == 0) current_->first_chunk_content = record.content;
  current_->announced += record.content_size;
  if (current_->digest) current_->digest->expect(offset, record.content_size);
  if (window_.find(record.carried) == nullptr)
    window_.insert(record.carried, KnownChunk{current_, offset, chunk});
  if (is_here(current_, offset, record, chunk)) {
    current_->digest.reset();  // bytes of an earlier process are read at the end, with a clear view
    bytes_done_ += record.content_size;
    return;
  }
  ++segment.missing;
  ++current_->missing;
  ChunkPlace place{current_, offset, chunk, segment_index};
  const auto [first, last] = missing_.equal_range(record.carried);
  const auto same =
      std::find_if(first, last, [&](const auto& known) { return known.second.record == record; });
  if (same != last) {
    same->second.places.push_back(std::move(place));
  } else {
    missing_.emplace(record.carried, MissingChunk{record, {std::move(place)}});
  }
}

void PartChain::add_hole(std::uint64_t size) {
  more_follows();
  current_->announced += size;
  current_->has_holes = true;
  bytes_done_ += size;
}

void PartChain::end_file(const wire::EntryEnd& end) {
  current_->ended = true;
  current_->content = end.content;
  // The digest of its only chunk is the file's: nothing to be hashed twice.
  if (current_->chunks == 1) current_->digest.reset();
  last_chunk_bytes_ = 0;
  note_whole(current_);
  current_.reset();
}

// Its sender could not read on: nothing of it counts, and nothing more of it is waited for.
void PartChain::give_up_file() {
  current_->digest.reset();
  last_chunk_bytes_ = 0;
  current_.reset();
}

// A chunk that more of its file follows was not cut short by the file's end: it shows where the sender cuts.
void PartChain::more_follows() {
  if (last_chunk_bytes_ == 0) return;
  std::uint32_t& cut_at = segments_[last_chunk_segment_].cut_at;
  cut_at = std::max(cut_at, last_chunk_bytes_);
  last_chunk_bytes_ = 0;
}

void PartChain::note_whole(const PartFilePtr& file) {
  if (file->ended && file->missing == 0) whole_files_.push_back(file);
}

const MissingChunk* PartChain::find_missing(const Digest& carried) const {
  const auto found = missing_.find(carried);
  return found == missing_.end() ? nullptr : &found->second;
}

const MissingChunk* PartChain::find_missing(const wire::ChunkRecord& record) const {
  const auto [first, last] = missing_.equal_range(record.carried);
  const auto same =
      std::find_if(first, last, [&](const auto& known) { return known.second.record == record; });
  return same == last ? nullptr : &same->second;
}

void PartChain::place_done(const wire::ChunkRecord& record) {
  const auto [first, last] = missing_.equal_range(record.carried);
  const auto found =
      std::find_if(first, last, [&](const auto& known) { return known.second.record == record; });
  if (found == last) return;
  const ChunkPlace place = std::move(found->second.places.back());
  found->second.places.pop_back();
  if (found->second.places.empty()) missing_.erase(found);
  bytes_done_ += record.content_size;
  --place.file->missing;
  note_whole(place.file);
  --segments_[place.segment].missing;
  while (segments_done_ < segments_.size() && segments_[segments_done_].missing == 0) ++segments_done_;
}

SegmentNeed PartChain::need_of(const wire::Segment& segment) const {
  const SegmentState& state = segments_[segment.index];
  SegmentNeed need;
  need.needed.reserve(state.chunks);
  std::uint64_t chunk = state.first_chunk;
  for (const wire::Record& record : segment.records) {
    const auto* wanted = std::get_if<wire::ChunkRecord>(&record);
    if (wanted == nullptr) continue;
    const MissingChunk* missing = state.missing == 0 ? nullptr : find_missing(*wanted);
    const bool needed = missing != nullptr && missing->places.front().chunk == chunk;
    need.needed.push_back(needed);
    need.any = need.any || needed;
    ++chunk;
  }
  return need;
}

message::Want PartChain::want_only(const ChunkPlace& place) const {
  const SegmentState& state = segments_[place.segment];
  message::Want want;
  want.segment = place.segment;
  want.needed.resize(state.chunks);
  want.needed[place.chunk - state.first_chunk] = true;
  return want;
}

std::vector<message::ChunkPlanStep> PartChain::plan() const {
  // Segments with nothing but whole small files fit any chunk size from their largest chunk on, so they do
  // not end a run: a tree of small files would be all steps.
  std::vector<message::ChunkPlanStep> steps;
  constexpr auto kSmallest = static_cast<std::uint32_t>(wire::kMinChunkContent);
  for (std::uint64_t index = 0; index < segments_.size(); ++index) {
    const SegmentState& state = segments_[index];
    const std::uint32_t seen = std::max({state.largest, state.cut_at, kSmallest});
    if (state.chunks == 0) continue;
    const bool fits = !steps.empty() &&
                      (state.cut_at == 0 ? seen <= steps.back().chunk_content
                                         : std::max(state.cut_at, kSmallest) == steps.back().chunk_content);
    if (fits) continue;
    if (steps.size() == message::kMaxChunkPlanSteps) break;
    steps.push_back({steps.empty() ? 0 : index, seen});
  }
  return steps;
}

}  // namespace dcdn::store
