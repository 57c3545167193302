#include "source/pending_chunks.hpp"

#include <variant>

namespace dcdn::source {

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
      end->content = hasher_.digest();
      hasher_ = digest::Hasher();
    } else if (std::holds_alternative<wire::LeftOut>(record)) {
      hasher_ = digest::Hasher();
    }
  }
}

// The files' digests cannot be shared out, so they come first; but not as a job beside others, if that were a
// thread more than may compress.
std::vector<pipeline::PackedChunk> PendingChunks::pack(std::vector<wire::Record>& records,
                                                       std::uint8_t rung) {
  std::vector<pipeline::PackedChunk> packed(contents_.size());
  const std::size_t at_once = compress_.most_threads_at(rung);
  const bool beside = at_once > workers_.helpers();
  if (!beside) hash_files(records);
  workers_.run(
      packed.size() + (beside ? 1 : 0),
      [&](std::size_t job) {
        if (beside && job == 0) return hash_files(records);
        const std::size_t chunk = job - (beside ? 1 : 0);
        packed[chunk] = pack_one(chunk, rung);
      },
      at_once);
  return packed;
}

pipeline::PackedChunk PendingChunks::pack_one(std::size_t chunk, std::uint8_t rung) const {
  const std::uint32_t past_bytes = compress_.past_bytes_at(rung);
  if (past_bytes == 0) return pack_alone(chunk, rung);
  std::vector<std::uint32_t> sizes;
  for (std::size_t i = 0; i <= chunk; ++i)
    sizes.push_back(static_cast<std::uint32_t>(contents_[i].bytes.size()));
  std::vector<Buffer> past;
  for (std::size_t i = chunk - pipeline::past_chunks(sizes, past_bytes); i < chunk; ++i)
    past.push_back(contents_[i].bytes);
  const Content& content = contents_[chunk];
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
