// part_object.hpp - an object on its way in: a staging folder that survives kill -9 and power loss.
//
// OUT/.dcdn-part/lock                 held (flock) by the process that receives into OUT
// OUT/.dcdn-part/<slot>/manifest.dcs  segment and signature frames as they came: itself a chunk stream
// OUT/.dcdn-part/<slot>/have.map      a byte a chunk record: 0 missing, 1 written, 2 written and fdatasynced
// OUT/.dcdn-part/<slot>/boot_id       boot that wrote the ones: after another boot they are rehashed
// OUT/.dcdn-part/<slot>/linked        there may be hard links in tree/
// OUT/.dcdn-part/<slot>/tree/...      the files (file and stream objects: tree/data.part)
// OUT/.dcdn-part/<slot>/looks         what files under the final name look like that are as they should be
// OUT/.dcdn-part/<slot>/deliver       boot in which all was made and on disk and only names were left to
// give, and the
//                                     name that is given next
// OUT/.dcdn-part/<slot>.old/          the chain before this one, as a source of equal chunks
//
// The slot is a digest of sender, name and kind, so the same sender sending the same name finds its own work
// again. Nothing has its final name before every chunk and every file digest is right.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "message/session_message.hpp"
#include "store/basis_files.hpp"
#include "store/collision.hpp"
#include "store/extras_setter.hpp"
#include "store/promise_ledger.hpp"
#include "store/receive_dir.hpp"
#include "store/segment_need.hpp"
#include "wire/left_out.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

/// In tree/: the one file of a file or stream object.
inline constexpr const char* kSingleFileName = "data.part";

struct ResumePoint {
  std::uint64_t segments_done = 0;           ///< leading segments whose chunks are all here
  Digest last_segment;                       ///< id of segment segments_done-1
  std::vector<message::ChunkPlanStep> plan;  ///< the chunk size of each segment, as runs
  std::uint64_t bytes_done = 0;
  std::vector<message::SegmentMark> marks;  ///< of the segments before that last one
  bool anything = false;                    ///< some data is here (maybe of an older chain): answer with ask
};

/// What was delivered, and what answers a sender who asks whether it was.
struct Delivered {
  Digest object;  ///< id of the final segment
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  std::vector<message::ChunkPlanStep> plan;  ///< so that the sender cuts the same chunks again
  std::string path;                          ///< final name
  std::uint64_t left_out = 0;                ///< entries that its sender could not read
  std::vector<message::SegmentMark> marks;   ///< of segments before the final one
};

/// Gets what is delivered next, when all of it is on disk under its staged name: whoever keeps a record of
/// deliveries writes it now, so that a crash after the rename finds it.
using BeforeNaming = std::function<Result<void>(const Delivered& next)>;

/// Threads  one at a time (the receiver's store thread).
class PartObject {
 public:
  struct Options {
    NodeId sender;
    std::string name;  ///< checked by wire::check_name; never empty here
    wire::ObjectKind kind = wire::ObjectKind::file;
    Collision collision = Collision::refuse;
    bool preserve_modes = true;  ///< else umask decides
    bool fsync = true;           ///< off only for tests and --no-fsync
    /// Else a symbolic link to somewhere outside its tree is refused: absolute, or with ".." above the top,
    /// or with ".." after another component (which may be a link itself).
    bool allow_unsafe_links = false;
    KeptExtras kept{};  ///< what of owners and attributes that come along is set
    /// Where is kept what was delivered under this name and what it looked like, so that what nobody touched
    /// since is not read again when a tree comes again; empty: nowhere.
    std::string index_path{};
    /// Whether that is believed; else all is read.
    bool trust_index = true;
    DeleteWhat deletes = DeleteWhat::none;
    std::optional<std::uint64_t> max_delete{};  ///< how many entries; unset: what is plausible
    /// Asked before anything of a segment is done; null: nobody limits it.
    std::shared_ptr<ObjectPromise> promise;
    /// Whether to give up what takes long: the process is to end. What is here is kept.
    std::function<bool()> stopped = [] { return false; };
  };
  /// Ends a delivery that was cut short when only names were left to give, as it would have ended. nullopt:
  /// there is none. Errors as of finalize().
  static Result<std::optional<Delivered>> finish_delivery(std::shared_ptr<ReceiveDir> dir, Options options,
                                                          const BeforeNaming& before_naming = {});
  /// Opens the slot: continues what is there or starts anew. A damaged slot (cut manifest, wrong map) is
  /// repaired by forgetting what cannot be trusted. A delivery that was cut short is finished (as by
  /// finish_delivery(), which tells what it was): error nothing, "was received already". error exists: the
  /// final name is taken and collision is refuse (hint names --overwrite, --rename, --skip); nothing: it is
  /// taken and collision is skip (but a tree fills gaps in a directory); locked: this process receives it
  /// already; refused: a name that is not allowed here.
  static Result<std::unique_ptr<PartObject>> open(std::shared_ptr<ReceiveDir> dir, Options options);
  ~PartObject();

  /// Older files in which chunks are looked for before they are asked for.
  void set_basis(std::shared_ptr<BasisFiles> basis);
  [[nodiscard]] ResumePoint resume_point() const;
  /// A tree lies there already, and something is known of how it came there.
  [[nodiscard]] bool has_index() const;
  /// The next segment of the chain, already parsed, checked against its signature by the caller. `frames`
  /// (segment and signature frames) are appended to manifest.dcs. A segment that is here already (same index
  /// and id) is fine: what it still needs is told again. The first segment that differs from the chain here
  /// moves that chain aside to .old, but for the segments before it. Equal chunks already stored (this chain,
  /// .old) are copied instead of asked for, and a chunk that is missing in several places is asked for once,
  /// by the first of them. Files are made when their first bytes come, links and empty files in finalize().
  /// error limit, no_space: as ObjectPromise; limit: nothing is left of the object here. corrupt:
  /// ManifestChecker; refused: an unsafe link; io.
  Result<SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id, ByteView frames);
  /// Content that was verified against `record`: written to every place in known segments that lists its
  /// digest. Unknown or already stored digests are ignored (returns 0). Returns content bytes that became
  /// done.
  /// error no_space, io: what is not written is still wanted, and may be given again.
  Result<std::uint64_t> write_chunk(const Digest& carried, const Buffer& content);
  /// The record of a wanted chunk, to verify against; nullopt if no known segment wants it.
  [[nodiscard]] std::optional<wire::ChunkRecord> wanted(const Digest& carried) const;
  /// The content that a wanted chunk is compressed after, in one piece; nullopt: not all of it is here.
  /// error corrupt: what is here is not what it was; io.
  Result<std::optional<Buffer>> past_of(const wire::ChunkRecord& record, BufferPool& pool);
  /// Where the first missing chunk like `record` belongs; nullopt if none is missing.
  [[nodiscard]] std::optional<ChunkSpot> spot_of(const wire::ChunkRecord& record) const;
  /// Asks once more for the wanted chunk that travels as `carried`, and nothing else (its object number is
  /// the caller's to fill in).
  [[nodiscard]] std::optional<message::Want> want_again(const Digest& carried) const;
  /// Leading segments complete, and bytes done.
  [[nodiscard]] std::uint64_t segments_done() const;
  [[nodiscard]] std::uint64_t bytes_done() const;
  /// All segments (final one included) and all chunks are here.
  [[nodiscard]] bool complete() const;
  /// fdatasync of what was written since the last call, then 2 in the map. When that fails, the chunks it was
  /// for are missing again.
  Result<void> checkpoint();
  /// Goes on checking the digests of files, so far as that means to read them again: about `bytes` a call, so
  /// that others get their turn. True: all are right, or it is not complete(). Errors as of finalize().
  Result<bool> check_some(std::uint64_t bytes);
  /// Checks every file digest that is not checked, sets modes and times, fsyncs, gives the final name by the
  /// collision policy, removes the slot. Returns the final path, when name and content are on disk.
  /// Set-user-id, set-group-id and sticky bits are set only with the owner that came along. error corrupt: a
  /// file's digest is wrong, and its chunks are missing again; interrupted: the options said so; exists:
  /// somebody took the name meanwhile, or something of another kind is in the way, the slot stays for another
  /// try; nothing: collision is skip, and something else than what came was kept, so not all of the object is
  /// there.
  Result<std::string> finalize(const BeforeNaming& before_naming = {});
  /// Forgets the slot (cancel).
  Result<void> discard();
  [[nodiscard]] const Digest& object_id() const;  ///< after complete()
  /// What the sender could not read, as far as the segments that are here tell; also after finalize().
  [[nodiscard]] const wire::LeftOutList& left_out() const;
  /// After finalize(): what a person should know of it, such as attributes that were not set.
  [[nodiscard]] const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  explicit PartObject(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Name of an object's staging folder below part_dir(): a digest of sender, kind and name, 32 hexadecimal
/// digits.
std::string slot_name(const PartObject::Options& options);

}  // namespace dcdn::store
