// part_chain.hpp - what is known of a chain of segments: which chunks are missing and where they belong.
//
// Memory: a few dozen bytes a segment, a byte a file, and the records of missing chunks. Chunks that are here
// are only remembered in the window of repeats.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/have_map.hpp"
#include "store/pack_finder.hpp"
#include "store/part_files.hpp"
#include "store/part_object.hpp"
#include "wire/content_cursor.hpp"
#include "wire/left_out.hpp"
#include "wire/left_out_content.hpp"
#include "wire/repeat_window.hpp"

namespace dcdn::store {

/// One place of a chunk's content.
struct ChunkPlace {
  PartFilePtr file;          ///< null: a pack; which files are in it, the segment tells (PackFinder)
  std::uint64_t offset = 0;  ///< of a pack: the number of its first file
  std::uint64_t chunk = 0;   ///< its record, counted over the chain: index into the have map
  std::uint64_t segment = 0;
};

/// A chunk that is not here, its record at the first place, and all the places that wait for it; the first
/// one's segment asks for it.
struct MissingChunk {
  wire::ChunkRecord record;
  std::vector<ChunkPlace> places;
};

class PartChain {
 public:
  explicit PartChain(wire::ObjectKind kind) : kind_(kind) {}

  /// Refuses what ManifestChecker refuses, and a chain of another kind; changes nothing.
  [[nodiscard]] Result<void> check(const wire::Segment& segment, const Digest& id) const;
  /// Whether a chunk is on disk already (when a slot is opened again); false for all of a new segment.
  using IsHere =
      std::function<bool(const ChunkPlace& place, const wire::ChunkRecord& record, const PackedFiles& pack)>;
  /// Takes a segment that check() let pass.
  void add(const wire::Segment& segment, const Digest& id, const IsHere& is_here);

  /// The first missing chunk that travels as `carried`; nullptr if there is none.
  [[nodiscard]] const MissingChunk* find_missing(const Digest& carried) const;
  /// One of that content that travels as that one does; nullptr if it is not missing.
  [[nodiscard]] const MissingChunk* find_missing(const wire::ChunkRecord& record) const;
  /// A chunk that may be here: where the window of repeats has it.
  [[nodiscard]] const ChunkPlace* find_known(const Digest& content) const { return window_.find(content); }
  /// The last place of a missing chunk was filled and marked; forgets the chunk with its last place.
  void place_done(const wire::ChunkRecord& record);

  /// What of a segment that is here (at `index`) should be sent.
  [[nodiscard]] SegmentNeed need_of(const wire::Segment& segment) const;
  /// Only the chunk at `place`.
  [[nodiscard]] message::Want want_only(const ChunkPlace& place) const;
  [[nodiscard]] bool has_segment(std::uint64_t index) const { return index < segments_.size(); }
  [[nodiscard]] const Digest& segment_id(std::uint64_t index) const { return segments_[index].id; }
  [[nodiscard]] std::uint64_t first_chunk(std::uint64_t segment) const {
    return segments_[segment].first_chunk;
  }
  /// The file that a segment goes on with; null: it begins with an entry.
  [[nodiscard]] const PartFilePtr& open_file(std::uint64_t segment) const {
    return segments_[segment].open_file;
  }
  /// Where in it.
  [[nodiscard]] std::uint64_t open_at(std::uint64_t segment) const { return segments_[segment].open_at; }
  [[nodiscard]] std::uint64_t segments_done() const { return segments_done_; }
  /// Of the segments before the last one that is done, evenly spread. The first is among them: the time of a
  /// file that changed stands there.
  [[nodiscard]] std::vector<message::SegmentMark> marks() const;
  /// What its sender began and then left out does not count.
  [[nodiscard]] std::uint64_t bytes_done() const { return left_out_content_.rest_of(bytes_done_); }
  [[nodiscard]] std::uint64_t chunks() const { return chunks_; }
  [[nodiscard]] bool empty() const { return segments_.empty(); }
  /// Its sender wants deleted what it does not have any more.
  [[nodiscard]] bool mirrors() const { return mirrors_; }
  [[nodiscard]] bool complete() const { return checker_.finished() && segments_done_ == segments_.size(); }
  [[nodiscard]] const Digest& object_id() const { return checker_.last_id(); }
  [[nodiscard]] std::vector<message::ChunkPlanStep> plan() const;

  /// Files with no missing chunk and all records known, once each, since the last call.
  std::vector<PartFilePtr> take_whole_files() { return std::exchange(whole_files_, {}); }
  void set_verified(const PartFile& file) { verified_[file.number] = true; }
  /// Of a pack, its first file speaks for all of them.
  [[nodiscard]] bool is_verified(std::uint64_t file) const {
    return file < verified_.size() && verified_[file];
  }
  void set_pack_verified(std::uint64_t first_file) { verified_[first_file] = true; }
  [[nodiscard]] std::uint64_t files() const { return verified_.size(); }
  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  /// What its sender could not read.
  [[nodiscard]] const wire::LeftOutList& left_out() const { return left_out_; }

 private:
  struct SegmentState {
    Digest id;
    std::uint64_t first_chunk = 0;
    std::uint32_t chunks = 0;
    std::uint32_t missing = 0;
    std::uint32_t chunk_bytes = 0;  // that its sender meant
    std::uint8_t rung = 0;
    PartFilePtr open_file;      // that it goes on with, if it does,
    std::uint64_t open_at = 0;  // from here
  };
  void begin_file(const wire::EntryBegin& entry);
  void add_part(const wire::Record& record, const wire::ContentPart& part, const IsHere& is_here);
  void add_chunk(const wire::ChunkRecord& record, const IsHere& is_here);
  void add_place(ChunkPlace place, const wire::ChunkRecord& record, const PackedFiles& pack,
                 const IsHere& is_here);
  using Missing = std::unordered_multimap<Digest, MissingChunk, Name32Hash>;
  [[nodiscard]] Missing::const_iterator find(const wire::ChunkRecord& record) const;
  void add_hole(std::uint64_t size);
  void end_file(const wire::EntryEnd& end);
  void give_up_file();
  void note_whole(const PartFilePtr& file);

  wire::ObjectKind kind_;
  wire::ManifestChecker checker_;
  std::vector<SegmentState> segments_;
  Missing missing_;                        // by carried digest
  wire::RepeatWindow<ChunkPlace> window_;  // by content digest
  wire::ContentCursor cursor_;
  PartFilePtr current_;
  std::optional<wire::ChunkRecord> open_pack_;  // whose last file has not come
  std::uint64_t first_packed_ = 0;              // number of its first one
  PackedFiles pack_;
  wire::LeftOutList left_out_;
  wire::LeftOutContent left_out_content_;
  std::vector<bool> verified_;  // by file
  std::vector<PartFilePtr> whole_files_;
  std::uint64_t chunks_ = 0;
  std::uint64_t entries_ = 0;
  bool mirrors_ = false;
  std::uint64_t segments_done_ = 0;
  std::uint64_t bytes_done_ = 0;
};

}  // namespace dcdn::store
