#include "source/pending_chunks.hpp"

#include <chrono>
#include <variant>

namespace dcdn::source {

namespace {

// By the wall, not by the processor: others who use it slow this down as well.
double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Digest PendingChunks::file_digest(std::vector<wire::Record>& records) {
  hash_files(records);
  return hasher_.digest();
}

// On some thread, but one at a time.
void PendingChunks::hash_files(std::vector<wire::Record>& records) {
  for (; hashed_records_ < records.size(); ++hashed_records_) {
    wire::Record& record = records[hashed_records_];
    if (std::holds_alternative<wire::ChunkRecord>(record)) {
      const Content& content = contents_[hashed_contents_++];
      // Of a pack, its own digest says it all.
      if (content.of == compress::Content::one_file) hasher_.update(content.bytes.view());
    } else if (auto* end = std::get_if<wire::EntryEnd>(&record); end != nullptr && end->content) {
      if (end->content->is_zero()) end->content = hasher_.digest();
      hasher_ = digest::Hasher();
    } else if (std::holds_alternative<wire::LeftOut>(record)) {
      hasher_ = digest::Hasher();
    }
  }
}

void PendingChunks::set_file_hasher(std::vector<wire::Record>& records, const digest::Hasher& hasher) {
  hash_files(records);
  hasher_ = hasher;
}

Digest PendingChunks::digest_of(std::size_t chunk) const {
  const Content& content = contents_[chunk];
  return content.bytes.empty() ? content.known->chunk.record().content : digest::blake3(content.bytes.view());
}

// A chunk is what it is by its content, how much is spent on it, and the content that it is made after.
bool PendingChunks::would_be_the_same(std::size_t chunk, std::uint8_t rung) const {
  const KnownChunk& known = contents_[chunk].known->chunk;
  if (known.segment->head.rung != rung) return false;
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 0; i <= known.number; ++i) sizes.push_back(known.segment->chunks[i].content_size);
  const std::size_t past = past_of(chunk, rung);
  if (past != pipeline::past_chunks(sizes, compress_.past_bytes_at(rung))) return false;
  for (std::size_t back = 1; back <= past; ++back)
    if (digest_of(chunk - back) != known.segment->chunks[known.number - back].content) return false;
  // One that was made alone, because of another of the same bytes, says nothing of where that is now.
  return past == 0 || known.record().codec != wire::CodecId::zstd;
}

// What is made needs its content and that of its past.
Result<void> PendingChunks::read_what_is_made(std::uint8_t rung, ChunkRemaker& reader) {
  std::vector<bool> needed(contents_.size());
  for (std::size_t i = 0; i < contents_.size(); ++i) {
    Content& content = contents_[i];
    content.keeps_record = content.bytes.empty() && would_be_the_same(i, rung);
    if (content.keeps_record) continue;
    for (std::size_t back = 0; back <= past_of(i, rung); ++back) needed[i - back] = true;
  }
  for (std::size_t i = 0; i < contents_.size(); ++i) {
    Content& content = contents_[i];
    if (!needed[i] || !content.bytes.empty()) continue;
    DCDN_TRY(content.bytes, reader.read(*content.known, pool_));
  }
  return {};
}

// The files' digests cannot be shared out, so they come first; but not as a job beside others, if that were a
// thread more than may compress.
Result<std::vector<pipeline::PackedChunk>> PendingChunks::pack(std::vector<wire::Record>& records,
                                                               std::uint8_t rung, CompressEffort& effort,
                                                               ChunkRemaker& reader, const Differs& differs) {
  DCDN_CHECK(read_what_is_made(rung, reader));
  std::vector<pipeline::PackedChunk> packed(contents_.size());
  std::vector<double> seconds(contents_.size());
  const std::size_t at_once = compress_.most_threads_at(rung);
  const std::size_t beside = at_once > workers_.helpers() ? 1 : 0;
  if (beside == 0) hash_files(records);
  const auto job = [&](std::size_t i) {
    if (i < beside) return hash_files(records);
    const double begun = seconds_now();
    packed[i - beside] = pack_one(i - beside, rung);
    seconds[i - beside] = seconds_now() - begun;
  };
  workers_.run(packed.size() + beside, job, at_once);
  for (std::size_t i = 0; i < packed.size(); ++i) {
    const std::optional<KnownContent>& known = contents_[i].known;
    const wire::ChunkRecord& record = packed[i].record;
    if (differs && known && record.content != known->chunk.record().content) differs(*known);
    if (record.codec == wire::CodecId::raw || contents_[i].keeps_record) continue;
    effort.content_bytes += record.content_size;
    effort.carried_bytes += record.carried_size;
    effort.seconds += seconds[i];
  }
  return packed;
}

std::size_t PendingChunks::past_of(std::size_t chunk, std::uint8_t rung) const {
  const std::uint32_t past_bytes = compress_.past_bytes_at(rung);
  if (past_bytes == 0) return 0;
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 0; i <= chunk; ++i) sizes.push_back(contents_[i].size());
  return pipeline::past_chunks(sizes, past_bytes);
}

pipeline::PackedChunk PendingChunks::pack_one(std::size_t chunk, std::uint8_t rung) const {
  const Content& content = contents_[chunk];
  if (content.keeps_record) return {content.known->chunk.record(), Buffer(), false};
  std::vector<Buffer> past;
  for (std::size_t i = chunk - past_of(chunk, rung); i < chunk; ++i) past.push_back(contents_[i].bytes);
  return pipeline::pack_chunk(content.bytes, compress_.choice_at(rung), pool_, content.of, past);
}

pipeline::PackedChunk PendingChunks::pack_alone(std::size_t chunk, std::uint8_t rung) const {
  const Content& content = contents_[chunk];
  return pipeline::pack_chunk(content.bytes, compress_.choice_at(rung), pool_, content.of);
}

void PendingChunks::clear() {
  contents_.clear();
  hashed_records_ = hashed_contents_ = 0;
}

}  // namespace dcdn::source
