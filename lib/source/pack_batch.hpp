// pack_batch.hpp - what was read of an object, on its way into segments: a batch at a time is compressed and
// hashed on all cores, then put into the manifest in order.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "digest/hasher.hpp"
#include "pipeline/chunk_packer.hpp"
#include "pipeline/segment_builder.hpp"
#include "source/object_packer.hpp"
#include "source/pack_draft.hpp"
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
        workers_(workers),
        pool_(pool),
        stopped_(stopped),
        emit_(emit),
        builder_(request.object) {}

  /// The digest of an EntryEnd is put in here. A hole of no bytes says that none follows the last one.
  Result<void> add(wire::Record record);
  /// Of the current file; all zero, it becomes a hole.
  Result<void> add_chunk(Buffer content);
  Result<void> add_pack(Pack pack);
  /// All that was added is in segments or in the pending one.
  Result<void> flush();
  /// Ends the pending segment now, if there is anything in it.
  Result<void> cut_early();
  Result<void> cut_final();

  [[nodiscard]] bool empty() const { return items_.empty() && builder_.empty(); }
  [[nodiscard]] std::uint64_t next_index() const { return builder_.next_index(); }
  void set_chunk_bytes(std::uint32_t bytes) { builder_.set_chunk_bytes(bytes); }
  /// After flush(): of the file that has not ended, where its data is and the digest of that.
  [[nodiscard]] const std::vector<DataRegion>& data() const { return data_; }
  [[nodiscard]] Digest data_digest() const { return hasher_.digest(); }

 private:
  /// A finished record, or a chunk still to be packed.
  struct Item {
    wire::Record record;
    std::optional<std::size_t> chunk;  // index into contents_
    bool inside_pack = false;          // no segment may end after it
  };
  struct Content {
    Buffer bytes;
    compress::Content of = compress::Content::one_file;
  };
  void put_chunk(Content content, bool inside_pack);
  Result<void> flush_when_full();
  void hash_files();
  void replay(pipeline::PackedChunk chunk);
  void replay(wire::Record record);
  void put(wire::Record record);
  void pass_hole(std::uint64_t bytes);
  void pass_data(std::uint64_t bytes);
  void flush_hole();
  Result<void> cut(bool final);

  const PackRequest& request_;
  work::WorkerPool& workers_;
  BufferPool& pool_;
  const std::function<bool()>& stopped_;
  const EmitSegment& emit_;
  pipeline::SegmentBuilder builder_;
  wire::RepeatWindow<bool> seen_;
  std::vector<Item> items_;
  std::vector<Content> contents_;
  std::size_t batch_bytes_ = 0;
  digest::Hasher hasher_;             // of the file that hash_files has come to
  std::string path_;                  // of the current file
  std::uint64_t passed_ = 0;          // of it, what went on to the manifest
  FilePlace begins_in_;               // the pending segment, if it begins inside a file
  std::vector<DataRegion> data_;      // of that, what is no hole
  std::vector<SegmentChunk> chunks_;  // of the pending segment
  wire::LeftOutContent left_out_;
  std::uint64_t content_bytes_ = 0;
  std::uint64_t hole_bytes_ = 0;  // met and not in the manifest yet
};

}  // namespace dcdn::source
