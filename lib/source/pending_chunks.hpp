// pending_chunks.hpp - the chunks of a segment whose records are still being collected: their content, until
// all of them are compressed and hashed on all cores.
#pragma once
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/buffer.hpp"
#include "compress/codec.hpp"
#include "digest/hasher.hpp"
#include "pipeline/chunk_packer.hpp"
#include "source/chunk_remaker.hpp"
#include "source/source_index.hpp"
#include "wire/manifest.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::source {

/// `records`: those of the segment so far, in which the chunks that were added are the chunk records.
/// All references outlive it.
class PendingChunks {
 public:
  using Differs = std::function<void(const KnownContent& known)>;

  PendingChunks(const compress::CompressRequest& compress, work::WorkerPool& workers, BufferPool& pool)
      : compress_(compress), workers_(workers), pool_(pool) {}

  /// `known`: what it was before, to be compared.
  void add(Buffer content, compress::Content of, std::optional<KnownContent> known = {}) {
    contents_.push_back({std::move(content), of, std::move(known), false});
  }
  /// One that was not read, because it is what it was before: it keeps its record, if it would be made just
  /// so here.
  void add(KnownContent known, compress::Content of) {
    contents_.push_back({Buffer(), of, std::move(known), false});
  }
  /// Of the file that has not ended, as far as it was added.
  [[nodiscard]] Digest file_digest(std::vector<wire::Record>& records);
  /// What is known of the file's data so far does not come from its chunks.
  void set_file_hasher(std::vector<wire::Record>& records, const digest::Hasher& hasher);
  /// All of them, and puts the digests of files into their ends, where they have none. Those that keep their
  /// record have no bytes. `differs` is told of what is not what it was; may be empty. Errors as of
  /// ChunkRemaker::read.
  Result<std::vector<pipeline::PackedChunk>> pack(std::vector<wire::Record>& records, std::uint8_t rung,
                                                  CompressEffort& effort, ChunkRemaker& reader,
                                                  const Differs& differs);
  /// One of them, after no other. Its content has to be here.
  [[nodiscard]] pipeline::PackedChunk pack_alone(std::size_t chunk, std::uint8_t rung) const;
  [[nodiscard]] bool has_bytes(std::size_t chunk) const { return !contents_[chunk].bytes.empty(); }
  /// Another segment begins; the current file may go on.
  void clear();

 private:
  struct Content {
    Buffer bytes;
    compress::Content of = compress::Content::one_file;
    std::optional<KnownContent> known;
    bool keeps_record = false;
    [[nodiscard]] std::uint32_t size() const {
      return bytes.empty() ? known->chunk.record().content_size : static_cast<std::uint32_t>(bytes.size());
    }
  };
  Result<void> read_what_is_made(std::uint8_t rung, ChunkRemaker& reader);
  [[nodiscard]] std::size_t past_of(std::size_t chunk, std::uint8_t rung) const;
  [[nodiscard]] bool would_be_the_same(std::size_t chunk, std::uint8_t rung) const;
  [[nodiscard]] Digest digest_of(std::size_t chunk) const;
  void hash_files(std::vector<wire::Record>& records);
  [[nodiscard]] pipeline::PackedChunk pack_one(std::size_t chunk, std::uint8_t rung) const;

  const compress::CompressRequest& compress_;
  work::WorkerPool& workers_;
  BufferPool& pool_;
  std::vector<Content> contents_;
  digest::Hasher hasher_;  // of the current file
  std::size_t hashed_records_ = 0;
  std::size_t hashed_contents_ = 0;
};

}  // namespace dcdn::source
