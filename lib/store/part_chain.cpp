#include "store/part_chain.hpp"

#include <algorithm>
#include <utility>

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
  state.chunk_bytes = segment.chunk_bytes;
  state.rung = segment.rung;
  state.open_file = current_;
  if (current_) state.open_at = current_->announced;
  segments_.push_back(state);
  if (segment.object) mirrors_ = segment.object->mirror;
  for (const wire::Record& record : segment.records) {
    left_out_content_.add(record);
    const auto part = cursor_.add(record);
    const auto* begin = std::get_if<wire::EntryBegin>(&record);
    if (begin != nullptr && begin->kind == wire::EntryKind::file) begin_file(*begin);
    entries_ += begin != nullptr ? 1 : 0;
    if (part) add_part(record, *part, is_here);
    if (const auto* left = std::get_if<wire::LeftOut>(&record)) {
      left_out_.add(*left);
      if (current_) give_up_file();
    } else if (const auto* end = std::get_if<wire::EntryEnd>(&record)) {
      end_file(*end);
    }
  }
  while (segments_done_ < segments_.size() && segments_[segments_done_].missing == 0) ++segments_done_;
}

void PartChain::begin_file(const wire::EntryBegin& entry) {
  current_ = std::make_shared<PartFile>();
  current_->path = kind_ == wire::ObjectKind::tree ? entry.path : kSingleFileName;
  current_->number = verified_.size();
  current_->entry = entries_;
  current_->promised_bytes = entry.size.value_or(0);
  verified_.push_back(false);
}

// A pack is taken up when all its files are known: its chunk came with the first of them.
void PartChain::add_part(const wire::Record& record, const wire::ContentPart& part, const IsHere& is_here) {
  if (part.hole) return add_hole(part.size);
  const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
  if (chunk != nullptr && cursor_.pack_left() == 0) return add_chunk(*chunk, is_here);
  if (chunk != nullptr) {
    open_pack_ = *chunk;
    first_packed_ = current_->number;
  }
  pack_.push_back({current_->path, static_cast<std::uint32_t>(part.size), current_->entry});
  if (cursor_.pack_left() > 0) return;
  const wire::ChunkRecord pack = *std::exchange(open_pack_, std::nullopt);
  add_place({nullptr, first_packed_, chunks_++, segments_.size() - 1}, pack, std::exchange(pack_, {}),
            is_here);
}

void PartChain::add_chunk(const wire::ChunkRecord& record, const IsHere& is_here) {
  const std::uint64_t offset = current_->announced;
  if (current_->chunks++ == 0) {
    current_->first_chunk_content = record.content;
    current_->digest = std::make_unique<InOrderDigest>();
  }
  current_->announced += record.content_size;
  if (current_->digest) current_->digest->expect(offset, record.content_size);
  add_place({current_, offset, chunks_++, segments_.size() - 1}, record, {}, is_here);
}

void PartChain::add_place(ChunkPlace place, const wire::ChunkRecord& record, const PackedFiles& pack,
                          const IsHere& is_here) {
  SegmentState& segment = segments_.back();
  ++segment.chunks;
  window_.insert(record.content, place);
  if (is_here(place, record, pack)) {
    // Bytes of an earlier process are read at the end, with a clear view.
    if (place.file) place.file->digest.reset();
    bytes_done_ += record.content_size;
    return;
  }
  ++segment.missing;
  if (place.file) ++place.file->missing;
  if (const auto same = find(record); same != missing_.end()) {
    missing_.erase(same, same)->second.places.push_back(std::move(place));
  } else {
    missing_.emplace(record.carried, MissingChunk{record, {std::move(place)}});
  }
}

// The same content may come after different pasts, and by chance as the same bytes: one frame serves both.
PartChain::Missing::const_iterator PartChain::find(const wire::ChunkRecord& record) const {
  const auto [first, last] = missing_.equal_range(record.carried);
  const auto same = std::find_if(
      first, last, [&](const auto& known) { return known.second.record.content == record.content; });
  return same == last ? missing_.end() : same;
}

void PartChain::add_hole(std::uint64_t size) {
  current_->announced += size;
  current_->has_holes = true;
  bytes_done_ += size;
}

void PartChain::end_file(const wire::EntryEnd& end) {
  const PartFilePtr file = std::exchange(current_, nullptr);
  if (!end.content) return;  // in a pack
  file->ended = true;
  file->content = *end.content;
  // The digest of its only chunk is the file's: nothing to be hashed twice.
  if (file->chunks == 1) file->digest.reset();
  note_whole(file);
}

// Its sender could not read on: nothing of it counts, and nothing more of it is waited for.
void PartChain::give_up_file() {
  current_->digest.reset();
  current_.reset();
}

void PartChain::note_whole(const PartFilePtr& file) {
  if (file->ended && file->missing == 0) whole_files_.push_back(file);
}

const MissingChunk* PartChain::find_missing(const Digest& carried) const {
  const auto found = missing_.find(carried);
  return found == missing_.end() ? nullptr : &found->second;
}

const MissingChunk* PartChain::find_missing(const wire::ChunkRecord& record) const {
  const auto same = find(record);
  return same == missing_.end() ? nullptr : &same->second;
}

void PartChain::place_done(const wire::ChunkRecord& record) {
  const auto same = find(record);
  if (same == missing_.end()) return;
  const auto found = missing_.erase(same, same);  // the same, to be changed
  const ChunkPlace place = std::move(found->second.places.back());
  found->second.places.pop_back();
  if (found->second.places.empty()) missing_.erase(found);
  bytes_done_ += record.content_size;
  if (place.file) {
    --place.file->missing;
    note_whole(place.file);
  } else {
    verified_[place.offset] = true;  // its digest was checked before any of it was written
  }
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
  std::vector<message::ChunkPlanStep> steps;
  for (std::uint64_t index = 0; index < segments_.size(); ++index) {
    message::extend_plan(steps, {index, segments_[index].chunk_bytes, segments_[index].rung});
  }
  return steps;
}

std::vector<message::SegmentMark> PartChain::marks() const {
  std::vector<message::SegmentMark> marks;
  const std::uint64_t before = segments_done_ - std::min<std::uint64_t>(segments_done_, 1);
  const std::uint64_t count = std::min<std::uint64_t>(before, message::kMaxSegmentMarks);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t index = count > 1 ? (before - 1) * i / (count - 1) : 0;
    marks.push_back({index, segments_[index].id});
  }
  return marks;
}

}  // namespace dcdn::store
