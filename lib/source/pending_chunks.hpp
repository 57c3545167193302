// pending_chunks.hpp - the chunks of a segment whose records are still being collected: their content, until
// all of them are compressed and hashed on all cores.
#pragma once
#include <vector>

#include "base/buffer.hpp"
#include "compress/codec.hpp"
#include "digest/hasher.hpp"
#include "pipeline/chunk_packer.hpp"
#include "wire/manifest.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::source {

/// `records`: those of the segment so far, in which the chunks that were added are the chunk records.
/// All references outlive it.
class PendingChunks {
 public:
  PendingChunks(const compress::CompressRequest& compress, work::WorkerPool& workers, BufferPool& pool)
      : compress_(compress), workers_(workers), pool_(pool) {}

  void add(Buffer content, compress::Content of) { contents_.push_back({std::move(content), of}); }
  /// Of the file that has not ended, as far as it was added.
  [[nodiscard]] Digest file_digest(std::vector<wire::Record>& records);
  /// All of them, and puts the digests of files into their ends.
  std::vector<pipeline::PackedChunk> pack(std::vector<wire::Record>& records, std::uint8_t rung);
  /// One of them, after no other.
  [[nodiscard]] pipeline::PackedChunk pack_alone(std::size_t chunk, std::uint8_t rung) const;
  /// Another segment begins; the current file may go on.
  void clear();

 private:
  struct Content {
    Buffer bytes;
    compress::Content of = compress::Content::one_file;
  };
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
