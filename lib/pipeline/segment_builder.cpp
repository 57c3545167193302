#include "pipeline/segment_builder.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "wire/extras.hpp"

namespace dcdn::pipeline {

namespace {

constexpr std::uint64_t kChunksDue = 64;
constexpr std::uint64_t kContentDue = 8u << 20;
constexpr std::uint64_t kFirstContentDue = 512u << 10;
constexpr std::uint64_t kEntriesDue = 8192;
constexpr std::uint64_t kFirstEntriesDue = 1024;
constexpr std::uint64_t kItemsDue = 1024;
constexpr std::size_t kRecordBytesDue = 512u << 10;

// At most, before packing: numbers at their longest, paths as if they shared nothing.
constexpr std::size_t kEntryBytes = 40;
constexpr std::size_t kChunkBytes = 80;
constexpr std::size_t kHoleBytes = 12;
constexpr std::size_t kEndBytes = 48;

std::size_t most_bytes(const wire::Record& record) {
  if (const auto* entry = std::get_if<wire::EntryBegin>(&record))
    return kEntryBytes + entry->path.size() + entry->target.size() + wire::extras_bytes(entry->extras);
  if (const auto* left = std::get_if<wire::LeftOut>(&record)) return kEntryBytes + left->path.size();
  if (std::holds_alternative<wire::ChunkRecord>(record)) return kChunkBytes;
  return std::holds_alternative<wire::HoleRecord>(record) ? kHoleBytes : kEndBytes;
}

}  // namespace

SegmentBuilder::SegmentBuilder(wire::ObjectHeader object) {
  pending_.object = std::move(object);
}

bool SegmentBuilder::joined_hole(const wire::Record& record) {
  const auto* more = std::get_if<wire::HoleRecord>(&record);
  auto* last = pending_.records.empty() ? nullptr : std::get_if<wire::HoleRecord>(&pending_.records.back());
  if (more == nullptr || last == nullptr || more->size > wire::kMaxObjectBytes - last->size) return false;
  last->size += more->size;
  return true;
}

void SegmentBuilder::add(wire::Record record) {
  assert(!ended_);
  if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) take(hole->size);
  if (joined_hole(record)) return;
  count(record);
  pending_.records.push_back(std::move(record));
}

void SegmentBuilder::count(const wire::Record& record) {
  record_bytes_ += most_bytes(record);
  if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
    ++chunks_;
    content_bytes_ += chunk->content_size;
    take(chunk->content_size);
  }
  const auto* entry = std::get_if<wire::EntryBegin>(&record);
  const bool is_end =
      std::holds_alternative<wire::EntryEnd>(record) || std::holds_alternative<wire::LeftOut>(record);
  if (entry != nullptr) {
    in_file_ = entry->kind == wire::EntryKind::file;
    file_left_ = entry->size.value_or(wire::kMaxObjectBytes);
  }
  if (is_end) in_file_ = false;
  if (entry != nullptr || std::holds_alternative<wire::LeftOut>(record)) ++entries_;
  // Each may be followed by an end of its own.
  const bool is_unsized = in_file_ && entry != nullptr && !entry->size;
  if (is_unsized || (entry == nullptr && !is_end)) ++items_;
}

void SegmentBuilder::take(std::uint64_t content) {
  file_left_ -= std::min(file_left_, content);
}

bool SegmentBuilder::due() const {
  if (in_file_ && file_left_ == 0) return false;
  const std::uint64_t entries_due = pending_.index == 0 ? kFirstEntriesDue : kEntriesDue;
  const std::uint64_t content_due = pending_.index == 0 ? kFirstContentDue : kContentDue;
  return chunks_ >= kChunksDue || content_bytes_ >= content_due || entries_ >= entries_due ||
         items_ >= kItemsDue || record_bytes_ >= kRecordBytesDue;
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
  next.chunk_bytes = pending_.chunk_bytes;
  next.inside_file = in_file_;
  built.segment = std::exchange(pending_, std::move(next));
  chunks_ = content_bytes_ = entries_ = items_ = 0;
  record_bytes_ = 0;
  return built;
}

}  // namespace dcdn::pipeline
