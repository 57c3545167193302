#include "pipeline/segment_builder.hpp"

#include <cassert>
#include <utility>

namespace dcdn::pipeline {

namespace {

constexpr std::uint64_t kChunksDue = 64;
constexpr std::uint64_t kContentDue = 8u << 20;
constexpr std::uint64_t kEntriesDue = 1024;
constexpr std::size_t kEncodedDue = 256u << 10;

/// What `record` adds to a segment: measured rather than computed, so that only wire knows how a record is
/// written.
std::size_t encoded_size(const wire::Record& record) {
  wire::Segment probe;
  probe.index = 1;
  const std::size_t without = wire::encode_segment(probe).size();
  probe.records.push_back(record);
  return wire::encode_segment(probe).size() - without;
}

}  // namespace

SegmentBuilder::SegmentBuilder(wire::ObjectHeader object) {
  pending_.object = std::move(object);
}

bool SegmentBuilder::joined_hole(const wire::Record& record) {
  const auto* more = std::get_if<wire::HoleRecord>(&record);
  auto* last = pending_.records.empty() ? nullptr : std::get_if<wire::HoleRecord>(&pending_.records.back());
  if (more == nullptr || last == nullptr || more->size > wire::kMaxObjectBytes - last->size) return false;
  encoded_bytes_ -= encoded_size(*last);
  last->size += more->size;
  encoded_bytes_ += encoded_size(*last);
  return true;
}

void SegmentBuilder::add(wire::Record record) {
  assert(!ended_);
  if (joined_hole(record)) return;
  encoded_bytes_ += encoded_size(record);
  if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
    ++chunks_;
    content_bytes_ += chunk->content_size;
  }
  if (std::holds_alternative<wire::EntryBegin>(record) || std::holds_alternative<wire::LeftOut>(record))
    ++entries_;
  pending_.records.push_back(std::move(record));
}

bool SegmentBuilder::due() const {
  return chunks_ >= kChunksDue || content_bytes_ >= kContentDue || entries_ >= kEntriesDue ||
         encoded_bytes_ >= kEncodedDue;
}

BuiltSegment SegmentBuilder::cut(bool final) {
  assert(!ended_ && (final || !empty()));
  ended_ = final;
  BuiltSegment built;
  pending_.final = final;
  built.body = wire::encode_segment(pending_);
  built.id = wire::segment_id(built.body);
  if (pending_.index == 0) stream_ = built.id;
  wire::Segment next;
  next.index = pending_.index + 1;
  next.stream = stream_;
  next.previous = built.id;
  built.segment = std::exchange(pending_, std::move(next));
  chunks_ = content_bytes_ = entries_ = 0;
  encoded_bytes_ = 0;
  return built;
}

}  // namespace dcdn::pipeline
