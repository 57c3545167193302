// manifest_log.hpp - manifest.dcs: the segments of a chain, appended as they came, read again from the start.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "wire/content_cursor.hpp"
#include "wire/frame_reader.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

class ManifestLog {
 public:
  /// Opens or makes manifest.dcs in `slot`. `what` names it in errors.
  static Result<ManifestLog> open(int slot, std::string what);

  /// Reads the intact chain from the start, a segment at a time. It ends at the first damage, at a segment
  /// that ManifestChecker refuses, or at the end. The log outlives it. Memory: one frame.
  class Reader {
   public:
    explicit Reader(const ManifestLog& log);
    struct Read {
      wire::Segment segment;
      Digest id;
      std::uint64_t at = 0;  ///< where its frame is in the log
    };
    /// nullopt: it ends here.
    Result<std::optional<Read>> next();
    /// Whole frames so far, without the segment that next() gave last.
    [[nodiscard]] std::uint64_t intact_bytes() const { return intact_; }

   private:
    int fd_;
    std::string what_;
    Bytes piece_;
    BufferPool pool_{wire::kMaxSegmentBody};
    wire::FrameReader frames_{wire::OnDamage::strict, pool_};
    wire::ManifestChecker checker_;
    std::uint64_t at_ = 0;
    std::uint64_t intact_ = 0;
    std::uint64_t given_ = 0;  // bytes of the segment that was given last
    bool ended_ = false;
  };

  /// Gets a segment and its id; false stops before it.
  using Visit = std::function<Result<bool>(const wire::Segment& segment, const Digest& id)>;
  /// The same, visited; ends where the visitor stops as well. Returns how many bytes of whole frames that is.
  Result<std::uint64_t> replay(const Visit& visit) const;

  /// The segment whose frame begins at `at`. error corrupt: there is none.
  [[nodiscard]] Result<wire::Segment> segment_at(std::uint64_t at) const;
  /// Whole frames at the end, the segment's first; on error the log is as long as it was.
  Result<void> append(ByteView frames);
  [[nodiscard]] std::uint64_t size() const { return end_; }
  /// Forgets what lies beyond `bytes`.
  Result<void> cut(std::uint64_t bytes);
  Result<void> sync() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string what_;
  std::uint64_t end_ = 0;
};

/// A run of one file's bytes that is data throughout, or zero throughout.
struct Region {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool hole = false;
};

/// Chunks of one file that follow each other and are of one size; a hole may be between them.
struct ChunkRun {
  std::uint32_t size = 0;
  std::uint64_t count = 0;
};

/// An entry with all that its records say, put together.
struct WholeEntry {
  wire::EntryBegin begin;
  wire::EntryEnd end;             ///< files only, as is all below
  std::uint64_t number = 0;       ///< how many entries come before it
  std::uint64_t file = 0;         ///< how many files
  std::uint64_t first_chunk = 0;  ///< its first ChunkRecord, counted over the chain
  std::uint64_t chunks = 0;       ///< of a pack, its first file has it
  Digest first_chunk_content;     ///< zero if it has no chunk
  bool left_out = false;          ///< its sender could not read on: there is to be no such file
  std::vector<Region> regions;    ///< adjacent chunks are one
  std::vector<ChunkRun> runs;     ///< the chunks, which fill the regions that are data
  [[nodiscard]] bool has_holes() const;
};

/// Puts records together to entries.
class EntryCollector {
 public:
  /// True when `record` ended an entry, which is then in entry().
  bool add(const wire::Record& record);
  [[nodiscard]] const WholeEntry& entry() const { return entry_; }

 private:
  void add_part(const wire::ContentPart& part);
  WholeEntry entry_;
  wire::ContentCursor cursor_;
  bool in_file_ = false;
  std::uint64_t entries_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t chunks_ = 0;
};

/// The whole entries of a chain, in order, one at a time. The log outlives it.
class EntryReader {
 public:
  explicit EntryReader(const ManifestLog& log) : segments_(log) {}
  /// Valid until the next call; null: there are no more.
  Result<const WholeEntry*> next();

 private:
  ManifestLog::Reader segments_;
  std::optional<ManifestLog::Reader::Read> read_;
  std::size_t next_record_ = 0;
  EntryCollector collector_;
};

using EntryVisit = std::function<Result<void>(const WholeEntry& entry)>;
/// Every whole entry of the chain, in order.
Result<void> for_each_entry(const ManifestLog& log, const EntryVisit& visit);

}  // namespace dcdn::store
