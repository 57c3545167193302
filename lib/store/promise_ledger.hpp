// promise_ledger.hpp - what has been promised to those who send, and what may be promised still.
//
// What a peer or a stream announces costs it a few bytes, and can cost us a disk. So whoever takes it asks
// here first, before any of it is allocated, hashed or written; and whatever limits there are, here is where
// they are kept, for sessions and for --stdin alike.
//
//   what is asked    when                                          by whom
//   an offer         an object is offered                          session/incoming_object
//   a segment        before it becomes part of a chain             store/part_object, sink/manifest_window
//   a chunk          it is on disk: that is no promise any more    store/part_object
//
//   limit            bounds                                                                   error
//   --max-object     an object: its chunks as often as they are listed, and its holes; or     limit
//                    what was told beforehand, if that is more
//                    (a hard link counts as the copy that it may become)
//   --quota          the lengths of all files in the directory, and what is promised to all   limit
//   --reserve        free space, after all that is promised and not written                   no_space
//   free inodes      what has no chunk (folders, links, empty files) is made at the end       no_space
//   RLIMIT_FSIZE     the length of a file (the system would kill us)                          limit
//   kMostLooseHoles  holes in files whose length nobody told beforehand, in an object;        limit
//                    where there is a --max-object that one rules
//   kMostWaiting     records of chunks that are not here, all objects: memory                 limit
//   kMostPacked      files in packs, of an object; their inodes and blocks count as free space     limit
//   kMostHoles,      holes, and entries without a chunk, of an object: memory, when it is     limit
//   kMostBare        checked and finished
//
// What was refused with `limit` never becomes acceptable by waiting: its staging goes (PartObject does that).
// What was refused with `no_space` is kept, and goes on when there is room.
//
// Threads  any: encrypted objects are unpacked on a thread of their own.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

#include "dcdn/result.hpp"
#include "store/receive_dir.hpp"
#include "wire/content_cursor.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

/// What a receiver's options allow; bytes, 0 is no limit (of reserve_bytes: nothing is reserved).
struct ReceiveLimits {
  std::uint64_t max_object_bytes = 0;
  std::uint64_t quota_bytes = 0;
  std::uint64_t reserve_bytes = 0;
};

inline constexpr std::uint64_t kMostLooseHoles = std::uint64_t{1} << 40;
/// About 250 bytes each. A sender of ours has 65,536 on the way for an object.
inline constexpr std::uint64_t kMostWaiting = std::uint64_t{1} << 21;

/// 24 bytes each, if they are all in one file.
inline constexpr std::uint64_t kMostHoles = std::uint64_t{1} << 23;
/// Files in packs, which a sender can announce for less than a byte each. One that is not written yet counts
/// as an inode and, beside its content, as kFileCost bytes of the disk.
inline constexpr std::uint64_t kMostPacked = 10'000'000;
inline constexpr std::uint64_t kFileCost = 4096;
/// Folders, links and empty files. A folder costs its path and about 100 bytes until the object is finished.
inline constexpr std::uint64_t kMostBare = std::uint64_t{1} << 22;

/// Content of several objects that --max-object bounds together, as what is encrypted in one.
struct BytesTogether {
  std::uint64_t bytes = 0;
};

class ObjectPromise;

/// One for a receiving process, or for one stream on standard input.
class PromiseLedger : public std::enable_shared_from_this<PromiseLedger> {
 public:
  /// dir: where the objects go, which --quota, --reserve and free space are about; null: somewhere else.
  PromiseLedger(ReceiveLimits limits, std::shared_ptr<ReceiveDir> dir)
      : limits_(limits), dir_(std::move(dir)) {}

  /// An object is coming; nothing is promised to it yet.
  std::shared_ptr<ObjectPromise> open(std::shared_ptr<BytesTogether> together = nullptr);

 private:
  friend class ObjectPromise;
  struct Sums;
  // With mutex_ held.
  Result<void> admit(const Sums& all);
  Result<void> check_quota(std::uint64_t promised);
  [[nodiscard]] Result<void> check_disk(const Sums& all) const;
  Result<void> measure();
  [[nodiscard]] Sums sums() const;

  const ReceiveLimits limits_;
  const std::shared_ptr<ReceiveDir> dir_;
  std::mutex mutex_;
  std::list<ObjectPromise*> open_;
  std::optional<std::uint64_t>
      used_;  // what is in the directory and belongs to none of them, as last measured
};

/// What is promised to one object, for as long as this lives. On an error nothing has changed.
class ObjectPromise {
 public:
  ~ObjectPromise();
  ObjectPromise(const ObjectPromise&) = delete;
  ObjectPromise& operator=(const ObjectPromise&) = delete;

  /// Its sender says that it has `bytes` (0: it does not know); `here` of them are here. `holes` of them need
  /// no room on the disk, it says: what its chain then lists as data is asked for all the same, and all of
  /// them count for --max-object and --quota.
  /// error limit, no_space: see above; io: the directory cannot be measured.
  Result<void> offered(std::uint64_t bytes, std::uint64_t here, std::uint64_t holes = 0);
  /// The next segment of its chain. One that was announced before changes nothing. Errors as offered().
  Result<void> announce(const wire::Segment& segment, std::size_t frame_bytes);
  /// The same of one that was found in the staging folder: it was promised once, and is not asked about
  /// again.
  void found(const wire::Segment& segment, std::size_t frame_bytes);
  /// A chunk of that size was written, to one of its places.
  void written(std::uint64_t bytes);
  /// Its chain begins anew; only the offer stands.
  void restart();
  /// It has its name: what is there is nobody's promise any more.
  void settle();

 private:
  friend class PromiseLedger;
  /// What its chain adds up to.
  struct Tally {
    std::uint64_t segments = 0;
    std::uint64_t data = 0;  // chunks, as often as they are listed
    std::uint64_t holes = 0;
    std::uint64_t loose_holes = 0;  // of those, in files whose length was not told beforehand
    std::uint64_t told = 0;         // of the current file, and neither chunk nor hole yet
    std::uint64_t longest = 0;      // file
    std::uint64_t manifest = 0;     // frames of its segments
    std::uint64_t chunks = 0;
    std::uint64_t hole_records = 0;
    std::uint64_t bare = 0;    // entries without a chunk
    std::uint64_t linked = 0;  // what hard links would be as copies
    std::uint64_t packed_files = 0;
    wire::ContentCursor cursor;
    // The current file.
    std::uint64_t length = 0;
    bool is_sized = false;
    bool has_chunk = false;

    void add(const wire::Segment& segment, std::size_t frame_bytes);
    void add(const wire::EntryBegin& entry);
    void add_bytes(std::uint64_t size);
    [[nodiscard]] std::uint64_t content() const;
  };
  ObjectPromise(std::shared_ptr<PromiseLedger> ledger, std::shared_ptr<BytesTogether> together);
  void end();  // with the ledger's mutex held, as the following
  Result<void> admit(const Tally& tally, std::uint64_t offered);
  Result<void> check_alone(const Tally& tally, std::uint64_t offered) const;
  [[nodiscard]] std::uint64_t content() const;
  [[nodiscard]] std::uint64_t data() const;
  [[nodiscard]] std::uint64_t packed_files_left() const;
  void add_to(PromiseLedger::Sums& sums) const;

  const std::shared_ptr<PromiseLedger> ledger_;
  const std::shared_ptr<BytesTogether> together_;
  Tally tally_;
  std::uint64_t offered_ = 0;
  std::uint64_t offered_holes_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t chunks_written_ = 0;
};

}  // namespace dcdn::store
