// part_object.hpp - an object on its way in: a staging folder that survives kill -9 and power loss.
//
// OUT/.dcdn-part/lock           held (flock) by the process that receives into OUT
// OUT/.dcdn-part/<slot>/manifest.dcs   segment and signature frames as they came: itself a chunk stream
// OUT/.dcdn-part/<slot>/have.map       one byte a chunk record: 0 missing, 1 written, 2 written and fdatasync'ed
// OUT/.dcdn-part/<slot>/boot_id        of the boot in which the ones were written: after another boot they are rehashed
// OUT/.dcdn-part/<slot>/tree/...       the files (file and stream objects: tree/data.part)
// OUT/.dcdn-part/<slot>.old/           the chain before this one, as a source of equal chunks
//
// The slot is a digest of sender, name and kind, so the same sender sending the same name finds its own work again.
// Nothing has its final name before every chunk and every file digest is right.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "wire/control_message.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

enum class Collision { refuse, overwrite, rename, skip };

/// The directory that is received into.
class ReceiveDir {
 public:
  /// Makes `path` when missing. error locked: another process receives into it (exit 12, hint); permission, io.
  static Result<std::shared_ptr<ReceiveDir>> open(const std::string& path);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string part_dir() const { return path_ + "/.dcdn-part"; }
  /// Bytes an unprivileged process may still write here.
  [[nodiscard]] Result<std::uint64_t> free_bytes() const;
  /// Bytes below OUT, staging included (for --quota); walks the tree.
  [[nodiscard]] Result<std::uint64_t> used_bytes() const;
  /// Removes staging folders last touched before `older_than_s` (seconds since 1970); returns how many.
  Result<int> clean(std::int64_t older_than_s);

 private:
  std::string path_;
  UniqueFd lock_;
};

/// What of a segment is still to come: needed[i] for its i-th ChunkRecord.
struct SegmentNeed {
  std::vector<bool> needed;
  bool any = false;
};

struct ResumePoint {
  std::uint64_t segments_done = 0;   ///< leading segments whose chunks are all here
  Digest last_segment;               ///< id of segment segments_done-1
  std::vector<wire::ChunkPlanStep> plan;  ///< largest chunk seen in each segment, as runs
  std::uint64_t bytes_done = 0;
  bool anything = false;             ///< some data is here (maybe of an older chain): answer with ask
};

/// Threads  one at a time (the receiver's store thread).
class PartObject {
 public:
  struct Options {
    NodeId sender;
    std::string name;               ///< checked by wire::check_name; never empty here
    wire::ObjectKind kind = wire::ObjectKind::file;
    Collision collision = Collision::refuse;
    bool preserve_modes = true;     ///< else umask decides
    bool fsync = true;              ///< off only for tests and --no-fsync
  };
  /// Opens the slot: continues what is there or starts anew. A damaged slot (cut manifest, wrong map) is repaired by
  /// forgetting what cannot be trusted. error exists: the final name is taken and collision is refuse (hint names
  /// --overwrite, --rename, --skip); with skip: Errc::nothing.
  static Result<std::unique_ptr<PartObject>> open(std::shared_ptr<ReceiveDir> dir, Options options);
  ~PartObject();

  [[nodiscard]] ResumePoint resume_point() const;
  /// The next segment of the chain, already parsed, checked against its signature by the caller. `frames` (segment and
  /// signature frames) are appended to manifest.dcs. A segment that is here already (same index and id) is fine.
  /// The first segment that differs from the chain here moves that chain aside to .old. Equal chunks already stored
  /// (this chain, .old) are copied instead of asked for. Files and directories are made as their entries come;
  /// free space is checked against promised sizes. error no_space, corrupt (ManifestChecker), io.
  Result<SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id, ByteView frames);
  /// Content that was verified against `record`: written to every place in known segments that lists its digest.
  /// Unknown or already stored digests are ignored (returns 0). Returns content bytes that became done.
  Result<std::uint64_t> write_chunk(const Digest& carried, const Buffer& content);
  /// The record of a wanted chunk, to verify against; nullopt if no known segment wants it.
  [[nodiscard]] std::optional<wire::ChunkRecord> wanted(const Digest& carried) const;
  /// Leading segments complete, and bytes done.
  [[nodiscard]] std::uint64_t segments_done() const;
  [[nodiscard]] std::uint64_t bytes_done() const;
  /// All segments (final one included) and all chunks are here.
  [[nodiscard]] bool complete() const;
  /// fdatasync of what was written since the last call, then 2 in the map.
  Result<void> checkpoint();
  /// Checks every file digest, sets modes and times, fsyncs, gives the final name by the collision policy, removes the
  /// slot. Returns the final path. A file whose digest is wrong: its chunks become missing again, error corrupt.
  Result<std::string> finalize();
  /// Forgets the slot (cancel).
  Result<void> discard();
  [[nodiscard]] const Digest& object_id() const;  ///< after complete()

 private:
  struct Impl;
  explicit PartObject(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dcdn::store
