// object_packer.hpp - reads one object and packs it: chunks, records, signed segments, in canonical order.
//
// Path     send steps 1, 2, 4, 5
// Threads  pack_object blocks; it runs on a thread of its own and uses `workers` for chunks (digest,
// compression)
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "compress/codec.hpp"
#include "sign/ed25519.hpp"
#include "source/index_file.hpp"
#include "source/input.hpp"
#include "source/packed_segment.hpp"
#include "source/source_index.hpp"
#include "source/source_walk.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::source {

struct PackRequest {
  wire::ObjectHeader object;
  std::string path;  ///< empty: standard input
  int input_fd = 0;
  Buffer input_head;   ///< of standard input: bytes read already
  InputEnd input_end;  ///< of standard input; may be empty
  WalkRules walk;
  /// Told of what of a tree cannot be read, `path` being in it; on the thread that packs.
  std::function<void(const std::string& path, const Error& why)> left_out;
  compress::CompressRequest compress;
  std::optional<sign::SecretKey> signer;
  std::uint64_t time_s = 0;  ///< for the signatures
  /// What is known of the source from before. May be null: then all of it is read.
  std::shared_ptr<SourceIndex> known;
  LookRules looks;
  bool compare = false;  ///< all is read even so, and `note` is told what looks the same and is not
  std::shared_ptr<IndexWriter> index;  ///< gets every segment; may be null
  /// Chunk size from segment `index` on; asked once a segment. 4 KiB .. 4 MiB.
  std::function<std::uint32_t(std::uint64_t index)> chunk_bytes;
  /// How much to spend on compressing segment `index`; asked when all of it is read, and may wait until more
  /// is known. Empty: as `compress` says.
  std::function<std::uint8_t(std::uint64_t index)> rung;
  /// Bytes free before the content of every chunk, for whoever puts something in front without copying.
  std::size_t headroom = 0;
  /// Standard input silent for this long: what is there is cut and sent. 0: wait for more (canonical).
  std::chrono::milliseconds flush_after{0};
  SkipNote note;
};

/// False: stop, nobody wants it.
using EmitSegment = std::function<bool(PackedSegment)>;

/// Packs to the end. Of a file that grows meanwhile, what was there when it was opened.
/// error interrupted: emit or `stopped` said stop; changed: the source changed or vanished while it was read
/// (hint: run it again); permission, io. Of a tree that is not strict, these leave out what they are about.
Result<void> pack_object(const PackRequest& request, work::WorkerPool& workers, BufferPool& pool,
                         const std::function<bool()>& stopped, const EmitSegment& emit);

/// Frames of one segment: the segment frame and, with a signer, its signature frame.
Result<Buffer> segment_frames(const wire::Segment& segment, const Bytes& body, const Digest& id,
                              const std::optional<sign::SecretKey>& signer, std::uint64_t time_s);

}  // namespace dcdn::source
