#include "source/pack_batch.hpp"

#include <utility>
#include <variant>

#include "digest/hasher.hpp"
#include "wire/frame.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::source {

namespace {

Error stopped_error() {
  return {Errc::interrupted, "packing was stopped"};
}

}  // namespace

Result<void> PackBatch::add(wire::Record record) {
  if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) {
    pass_hole(hole->size);
    if (hole->size == 0) flush_hole();  // the file ends here
    return cut_when_due();
  }
  if (const auto* entry = std::get_if<wire::EntryBegin>(&record)) {
    path_ = entry->path;
    passed_ = 0;
    data_.clear();
  }
  if (std::holds_alternative<wire::LeftOut>(record)) hole_bytes_ = 0;
  put(std::move(record));
  return cut_when_due();
}

Result<void> PackBatch::add_chunk(Buffer content) {
  if (digest::is_all_zero(content.view())) {
    pass_hole(content.size());
  } else {
    put_chunk(std::move(content), compress::Content::one_file);
  }
  return cut_when_due();
}

Result<void> PackBatch::add_pack(Pack pack) {
  for (std::size_t i = 0; i < pack.records.size(); ++i) {
    if (i == pack.chunk_at) put_chunk(std::move(pack.content), compress::Content::several_files);
    put(std::move(pack.records[i]));
  }
  return cut_when_due();
}

Result<void> PackBatch::cut_when_due() {
  return builder_.due() ? cut(false) : Result<void>();
}

void PackBatch::put_chunk(Buffer content, compress::Content of) {
  flush_hole();
  wire::ChunkRecord record;
  record.content_size = static_cast<std::uint32_t>(content.size());
  pass_data(record.content_size);
  put(record);
  content_bytes_ += record.content_size;
  pending_.add(std::move(content), of);
}

void PackBatch::put(wire::Record record) {
  left_out_.add(record);
  builder_.add(std::move(record));
}

void PackBatch::pass_hole(std::uint64_t bytes) {
  hole_bytes_ += bytes;
  passed_ += bytes;
}

void PackBatch::pass_data(std::uint64_t bytes) {
  if (data_.empty() || data_.back().end() != passed_) data_.push_back({passed_, 0});
  data_.back().size += bytes;
  passed_ += bytes;
}

// Holes next to each other are one record, however they were found: that keeps the manifest canonical.
void PackBatch::flush_hole() {
  if (hole_bytes_ == 0) return;
  put(wire::HoleRecord{hole_bytes_});
  content_bytes_ += hole_bytes_;
  hole_bytes_ = 0;
}

std::vector<SegmentChunk> PackBatch::pack_chunks() {
  std::vector<SegmentChunk> chunks;
  std::vector<pipeline::PackedChunk> packed = pending_.pack(builder_.pending(), rung_);
  for (wire::Record& record : builder_.pending()) {
    auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk == nullptr) continue;
    pipeline::PackedChunk& made = packed[chunks.size()];
    const Digest* seen = seen_.find(made.record.carried);
    if (seen != nullptr && *seen != made.record.content) {
      // After another past, the same bytes mean something else ("the past once more"). A chunk's name on the
      // way is that of its carried bytes, so it is made without a past.
      made = pending_.pack_alone(chunks.size(), rung_);
      seen = seen_.find(made.record.carried);
    }
    const bool repeat = seen != nullptr;
    if (!repeat) seen_.insert(made.record.carried, made.record.content);
    *chunk = made.record;
    chunks.push_back({made.record, std::move(made.carried), repeat && request_.object.repeats_omitted, {}});
  }
  pending_.clear();
  return chunks;
}

Result<void> PackBatch::cut(bool final) {
  if (stopped_()) return stopped_error();
  PackedSegment segment;
  segment.chunks = pack_chunks();
  builder_.set_rung(rung_);
  const pipeline::BuiltSegment built = builder_.cut(final);
  segment.index = built.segment.index;
  segment.id = built.id;
  segment.final = final;
  DCDN_TRY(segment.frames,
           segment_frames(built.segment, built.body, built.id, request_.signer, request_.time_s));
  segment.content_bytes = std::exchange(content_bytes_, 0);
  segment.left_out_bytes = left_out_.bytes();
  segment.records = built.segment.records.size();
  if (built.segment.inside_file) segment.begins_in = begins_in_;
  begins_in_ = {path_, passed_ - hole_bytes_};
  return emit_(std::move(segment)) ? Result<void>() : Result<void>(stopped_error());
}

Result<void> PackBatch::cut_early() {
  flush_hole();
  return builder_.empty() ? Result<void>() : cut(false);
}

Result<Buffer> segment_frames(const wire::Segment& segment, const Bytes& body, const Digest& id,
                              const std::optional<sign::SecretKey>& signer, std::uint64_t time_s) {
  Bytes frames;
  wire::append_frame(frames, wire::FrameType::segment, body);
  if (signer) {
    const Digest stream = segment.index == 0 ? id : segment.stream;
    DCDN_TRY(const wire::SegmentSignature signature,
             wire::sign_segment(*signer, stream, segment.index, id, time_s));
    wire::append_frame(frames, wire::FrameType::signature, wire::encode(signature));
  }
  return Buffer::copy_of(frames);
}

}  // namespace dcdn::source
