#include "session/passed_segments.hpp"

#include "source/chunk_remaker.hpp"

namespace dcdn::session {

namespace {

std::size_t cost_of(const source::PackedSegment& segment) {
  return sizeof(segment) + segment.frames.size() + segment.begins_in.path.size();
}

}  // namespace

void PassedSegments::add(const source::PackedSegment& segment) {
  const std::uint64_t next = kept_.empty() ? 0 : kept_.back().index + 1;
  if (too_many_ || segment.index < next) return;
  too_many_ = segment.index > next || bytes_ + cost_of(segment) > kMostBytes;
  if (too_many_) {
    kept_.clear();
    return;
  }
  kept_.push_back(segment);
  kept_.back().chunks.clear();
  bytes_ += cost_of(segment);
}

source::PackedSegmentPtr PassedSegments::at(std::uint64_t index) const {
  if (kept_.empty() || index < first() || index - first() >= kept_.size()) return nullptr;
  auto segment =
      std::make_shared<source::PackedSegment>(kept_[static_cast<std::size_t>(index - kept_.front().index)]);
  auto chunks = source::chunks_without_bytes(segment->frames.view());
  if (!chunks) return nullptr;
  segment->chunks = *std::move(chunks);
  return segment;
}

void PassedSegments::release(std::uint64_t upto) {
  while (!kept_.empty() && kept_.front().index < upto) {
    id_before_first_ = kept_.front().id;
    bytes_ -= cost_of(kept_.front());
    kept_.pop_front();
  }
}

void PassedSegments::clear() {
  *this = PassedSegments();
}

}  // namespace dcdn::session
