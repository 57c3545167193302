#include "source/pack_batch.hpp"

#include <utility>
#include <variant>

#include "base/text.hpp"
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

Result<void> PackBatch::add_chunk(Buffer content, std::optional<KnownContent> known) {
  if (digest::is_all_zero(content.view())) {
    pass_hole(content.size());
  } else {
    put_chunk_record(static_cast<std::uint32_t>(content.size()));
    pending_.add(std::move(content), compress::Content::one_file, std::move(known));
  }
  return cut_when_due();
}

Result<void> PackBatch::add_known(KnownContent known) {
  put_chunk_record(known.chunk.record().content_size);
  pending_.add(std::move(known), compress::Content::one_file);
  return cut_when_due();
}

Result<void> PackBatch::add_pack(Pack pack) {
  constexpr auto kOf = compress::Content::several_files;
  for (std::size_t i = 0; i < pack.records.size(); ++i) {
    if (i == pack.chunk_at && pack.content.empty()) {
      put_chunk_record(pack.known->chunk.record().content_size);
      pending_.add(*std::move(pack.known), kOf);
    } else if (i == pack.chunk_at) {
      put_chunk_record(static_cast<std::uint32_t>(pack.content.size()));
      pending_.add(std::move(pack.content), kOf, std::move(pack.known));
    }
    put(std::move(pack.records[i]));
  }
  return cut_when_due();
}

Result<void> PackBatch::cut_when_due() {
  return builder_.due() ? cut(false) : Result<void>();
}

void PackBatch::put_chunk_record(std::uint32_t content_size) {
  flush_hole();
  wire::ChunkRecord record;
  record.content_size = content_size;
  pass_data(content_size);
  put(record);
  content_bytes_ += content_size;
}

void PackBatch::put(wire::Record record) {
  const auto* entry = std::get_if<wire::EntryBegin>(&record);
  if (entry != nullptr && entry->kind == wire::EntryKind::file && !coming_looks_.empty()) {
    looks_.push_back(coming_looks_.front());
    coming_looks_.pop_front();
  }
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

// Nobody has touched it, as far as its looks tell.
void PackBatch::tell_of(const KnownContent& differs) const {
  const auto& parts = differs.parts;
  const std::string first =
      escape_for_display(parts.front().path.empty() ? request_.path : parts.front().path);
  const std::string all = parts.size() == 1 ? first
                                            : "one of the " + std::to_string(parts.size()) + " files from " +
                                                  first + " to " + escape_for_display(parts.back().path);
  if (request_.note) request_.note(all + ": looks as it did when it was sent, and has other content now");
}

Result<std::vector<SegmentChunk>> PackBatch::pack_chunks(std::uint8_t rung, CompressEffort& effort) {
  std::vector<SegmentChunk> chunks;
  DCDN_TRY(std::vector<pipeline::PackedChunk> packed,
           pending_.pack(builder_.pending(), rung, effort, reader_,
                         [this](const KnownContent& known) { tell_of(known); }));
  for (wire::Record& record : builder_.pending()) {
    auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk == nullptr) continue;
    pipeline::PackedChunk& made = packed[chunks.size()];
    const Digest* seen = seen_.find(made.record.carried);
    if (seen != nullptr && *seen != made.record.content) {
      // After another past, the same bytes mean something else ("the past once more"). A chunk's name on the
      // way is that of its carried bytes, so it is made without a past.
      if (!pending_.has_bytes(chunks.size()))
        return Error(Errc::changed, "chunks are no longer what they were");
      made = pending_.pack_alone(chunks.size(), rung);
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
  const std::uint8_t wanted = request_.rung ? request_.rung(builder_.next_index()) : compress::kUsualRung;
  const std::uint8_t rung = request_.compress.rung_of(wanted);
  builder_.set_rung(rung);
  DCDN_TRY(segment.chunks, pack_chunks(rung, segment.effort));
  const pipeline::BuiltSegment built = builder_.cut(final);
  segment.index = built.segment.index;
  segment.id = built.id;
  segment.final = final;
  DCDN_TRY(segment.frames,
           segment_frames(built.segment, built.body, built.id, request_.signer, request_.time_s));
  segment.content_bytes = std::exchange(content_bytes_, 0);
  segment.left_out_bytes = left_out_.bytes();
  segment.records = built.segment.records.size();
  if (request_.index) request_.index->add(built.body, built.id, std::exchange(looks_, {}));
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
