// pack_batch.hpp - what was read of an object, on its way into segments: each is compressed and hashed on all
// cores when all of it is read, since a chunk may be compressed after those before it in its segment.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "pipeline/segment_builder.hpp"
#include "source/object_packer.hpp"
#include "source/pack_draft.hpp"
#include "source/pending_chunks.hpp"
#include "source/source_file.hpp"
#include "wire/left_out_content.hpp"
#include "wire/repeat_window.hpp"

namespace dcdn::source {

/// All references outlive it. Errors of all that returns one: interrupted, when emit or `stopped` said so.
class PackBatch {
 public:
  PackBatch(const PackRequest& request, work::WorkerPool& workers, BufferPool& pool,
            const std::function<bool()>& stopped, const EmitSegment& emit)
      : request_(request),
        stopped_(stopped),
        emit_(emit),
        builder_(request.object),
        pending_(request.compress, workers, pool) {}

  /// The digest of an EntryEnd is put in here. A hole of no bytes says that none follows the last one.
  Result<void> add(wire::Record record);
  /// Of the current file; all zero, it becomes a hole.
  Result<void> add_chunk(Buffer content);
  Result<void> add_pack(Pack pack);
  /// Ends the pending segment now, if there is anything in it.
  Result<void> cut_early();
  Result<void> cut_final() { return cut(true); }

  [[nodiscard]] bool empty() const { return builder_.empty() && hole_bytes_ == 0; }
  [[nodiscard]] std::uint64_t next_index() const { return builder_.next_index(); }
  /// Of the pending segment.
  void set_chunk_bytes(std::uint32_t bytes) { builder_.set_chunk_bytes(bytes); }
  void set_rung(std::uint8_t rung) { rung_ = rung; }
  /// Of the file that has not ended, where its data is and the digest of that.
  [[nodiscard]] const std::vector<DataRegion>& data() const { return data_; }
  [[nodiscard]] Digest data_digest() { return pending_.file_digest(builder_.pending()); }

 private:
  Result<void> cut_when_due();
  void put_chunk(Buffer content, compress::Content of);
  void put(wire::Record record);
  void pass_hole(std::uint64_t bytes);
  void pass_data(std::uint64_t bytes);
  void flush_hole();
  std::vector<SegmentChunk> pack_chunks();
  Result<void> cut(bool final);

  const PackRequest& request_;
  const std::function<bool()>& stopped_;
  const EmitSegment& emit_;
  pipeline::SegmentBuilder builder_;
  PendingChunks pending_;  // its chunks
  std::uint8_t rung_ = 0;
  wire::RepeatWindow<Digest> seen_;  // content, by carried digest
  std::string path_;                 // of the current file
  std::uint64_t passed_ = 0;         // of it, what went on to the manifest
  FilePlace begins_in_;              // the pending segment, if it begins inside a file
  std::vector<DataRegion> data_;     // of that, what is no hole
  wire::LeftOutContent left_out_;
  std::uint64_t content_bytes_ = 0;  // of the pending segment
  std::uint64_t hole_bytes_ = 0;     // met and not in the manifest yet
};

}  // namespace dcdn::source
