#include "source/pack_batch.hpp"

#include <utility>
#include <variant>

#include "wire/frame.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::source {

namespace {

// A batch is what is read before its chunks are packed in parallel: about a segment's worth.
constexpr std::size_t kBatchChunks = 64;
constexpr std::size_t kBatchBytes = 8u << 20;
constexpr std::size_t kBatchItems = 2048;

Error stopped_error() {
  return {Errc::interrupted, "packing was stopped"};
}

}  // namespace

Result<void> PackBatch::add(wire::Record record) {
  items_.push_back({std::move(record), std::nullopt, false});
  return flush_when_full();
}

Result<void> PackBatch::add_chunk(Buffer content) {
  put_chunk({std::move(content)}, false);
  return flush_when_full();
}

Result<void> PackBatch::add_pack(Pack pack) {
  for (std::size_t i = 0; i < pack.records.size(); ++i) {
    if (i == pack.chunk_at) put_chunk({std::move(pack.content), compress::Content::several_files}, true);
    items_.push_back({std::move(pack.records[i]), std::nullopt, i + 1 < pack.records.size()});
  }
  return flush_when_full();
}

void PackBatch::put_chunk(Content content, bool inside_pack) {
  batch_bytes_ += content.bytes.size();
  contents_.push_back(std::move(content));
  items_.push_back({wire::HoleRecord{}, contents_.size() - 1, inside_pack});
}

Result<void> PackBatch::flush_when_full() {
  const bool full =
      contents_.size() >= kBatchChunks || batch_bytes_ >= kBatchBytes || items_.size() >= kBatchItems;
  return full ? flush() : Result<void>();
}

Result<void> PackBatch::flush() {
  if (stopped_()) return stopped_error();
  std::vector<pipeline::PackedChunk> packed(contents_.size());
  // The files' digests cannot be shared out, so they come first.
  workers_.run(contents_.size() + 1, [&](std::size_t i) {
    if (i == 0) return hash_files();
    const Content& content = contents_[i - 1];
    packed[i - 1] = pipeline::pack_chunk(content.bytes, request_.compress, pool_, content.of);
  });
  for (Item& item : items_) {
    if (item.chunk) {
      replay(std::move(packed[*item.chunk]));
    } else {
      replay(std::move(item.record));
    }
    if (!item.inside_pack && builder_.due()) DCDN_CHECK(cut(false));
  }
  items_.clear();
  contents_.clear();
  batch_bytes_ = 0;
  return {};
}

// On some thread, but one batch at a time.
void PackBatch::hash_files() {
  for (Item& item : items_) {
    if (item.inside_pack) continue;  // its own digest says it all
    if (item.chunk) {
      const ByteView content = contents_[*item.chunk].bytes.view();
      if (!digest::is_all_zero(content)) hasher_.update(content);  // else it will be a hole
    } else if (auto* end = std::get_if<wire::EntryEnd>(&item.record); end != nullptr && end->content) {
      end->content = hasher_.digest();
      hasher_ = digest::Hasher();
    } else if (std::holds_alternative<wire::LeftOut>(item.record)) {
      hasher_ = digest::Hasher();
    }
  }
}

void PackBatch::replay(pipeline::PackedChunk chunk) {
  if (chunk.hole) return pass_hole(chunk.record.content_size);
  flush_hole();
  pass_data(chunk.record.content_size);
  put(chunk.record);
  content_bytes_ += chunk.record.content_size;
  const bool repeat = request_.object.repeats_omitted && seen_.find(chunk.record.carried) != nullptr;
  if (!repeat) seen_.insert(chunk.record.carried, true);
  chunks_.push_back({chunk.record, std::move(chunk.carried), repeat});
}

void PackBatch::replay(wire::Record record) {
  if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) {
    pass_hole(hole->size);
    if (hole->size == 0) flush_hole();  // the file ends here
    return;
  }
  if (const auto* entry = std::get_if<wire::EntryBegin>(&record)) {
    path_ = entry->path;
    passed_ = 0;
    data_.clear();
  }
  if (std::holds_alternative<wire::LeftOut>(record)) hole_bytes_ = 0;
  put(std::move(record));
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

Result<void> PackBatch::cut(bool final) {
  pipeline::BuiltSegment built = builder_.cut(final);
  PackedSegment segment;
  segment.index = built.segment.index;
  segment.id = built.id;
  segment.final = final;
  DCDN_TRY(segment.frames,
           segment_frames(built.segment, built.body, built.id, request_.signer, request_.time_s));
  segment.chunks = std::exchange(chunks_, {});
  segment.content_bytes = std::exchange(content_bytes_, 0);
  segment.left_out_bytes = left_out_.bytes();
  segment.records = built.segment.records.size();
  if (built.segment.inside_file) segment.begins_in = begins_in_;
  begins_in_ = {path_, passed_ - hole_bytes_};
  return emit_(std::move(segment)) ? Result<void>() : Result<void>(stopped_error());
}

Result<void> PackBatch::cut_early() {
  DCDN_CHECK(flush());
  flush_hole();
  return builder_.empty() ? Result<void>() : cut(false);
}

Result<void> PackBatch::cut_final() {
  DCDN_CHECK(flush());
  return cut(true);
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
