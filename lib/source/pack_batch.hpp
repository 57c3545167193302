// pack_batch.hpp - what was read of an object, on its way into segments: each is compressed and hashed on all
// cores when all of it is read, since a chunk may be compressed after those before it in its segment.
#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "pipeline/segment_builder.hpp"
#include "source/chunk_remaker.hpp"
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
        pending_(request.compress, workers, pool),
        reader_({request.path, request.object.kind, request.walk.symlinks, request.compress}) {}

  /// The digest of an EntryEnd is put in here. A hole of no bytes says that none follows the last one.
  Result<void> add(wire::Record record);
  /// Of the current file; all zero, it becomes a hole. `known`: what it was before, to be compared.
  Result<void> add_chunk(Buffer content, std::optional<KnownContent> known = {});
  /// Of the current file, and not read.
  Result<void> add_known(KnownContent known);
  /// Of the file whose EntryBegin is added next, or after those of which it is not yet.
  void add_look(const wire::FileLook& look) { coming_looks_.push_back(look); }
  Result<void> add_pack(Pack pack);
  /// Ends the pending segment now, if there is anything in it.
  Result<void> cut_early();
  Result<void> cut_final() { return cut(true); }

  [[nodiscard]] bool empty() const { return builder_.empty() && hole_bytes_ == 0; }
  [[nodiscard]] std::uint64_t next_index() const { return builder_.next_index(); }
  /// Of the pending segment.
  void set_chunk_bytes(std::uint32_t bytes) { builder_.set_chunk_bytes(bytes); }
  /// Of the file that has not ended, where its data is and the digest of that.
  [[nodiscard]] const std::vector<DataRegion>& data() const { return data_; }
  [[nodiscard]] Digest data_digest() { return pending_.file_digest(builder_.pending()); }
  /// The data so far was not all read; this is what comes of reading it.
  void set_data_hasher(const digest::Hasher& hasher) { pending_.set_file_hasher(builder_.pending(), hasher); }

 private:
  Result<void> cut_when_due();
  void put_chunk_record(std::uint32_t content_size);
  void put(wire::Record record);
  void pass_hole(std::uint64_t bytes);
  void pass_data(std::uint64_t bytes);
  void flush_hole();
  Result<std::vector<SegmentChunk>> pack_chunks(std::uint8_t rung, CompressEffort& effort);
  void tell_of(const KnownContent& differs) const;
  Result<void> cut(bool final);

  const PackRequest& request_;
  const std::function<bool()>& stopped_;
  const EmitSegment& emit_;
  pipeline::SegmentBuilder builder_;
  PendingChunks pending_;  // its chunks
  ChunkRemaker reader_;
  std::deque<wire::FileLook> coming_looks_;  // of files that are not in the manifest yet
  std::vector<wire::FileLook> looks_;        // of those in the pending segment
  wire::RepeatWindow<Digest> seen_;          // content, by carried digest
  std::string path_;                         // of the current file
  std::uint64_t passed_ = 0;                 // of it, what went on to the manifest
  FilePlace begins_in_;                      // the pending segment, if it begins inside a file
  std::vector<DataRegion> data_;             // of that, what is no hole
  wire::LeftOutContent left_out_;
  std::uint64_t content_bytes_ = 0;  // of the pending segment
  std::uint64_t hole_bytes_ = 0;     // met and not in the manifest yet
};

}  // namespace dcdn::source
