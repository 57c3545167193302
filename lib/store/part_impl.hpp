// part_impl.hpp - the inside of a PartObject, shared by the files that implement it.
//
// part_object.cpp    the calls, one by one
// part_load.cpp      opening, resuming and setting aside a slot
// part_check.cpp     checking what is all here
// part_finalize.cpp  delivering it
// part_in_place.cpp  what of it lies under its name already, and stays there
// part_laid_over.cpp delivering a tree over a folder that is there
// part_again.cpp     ending a delivery that was cut short
#pragma once
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "digest/hasher.hpp"
#include "store/have_map.hpp"
#include "store/in_place.hpp"
#include "store/index_match.hpp"
#include "store/manifest_log.hpp"
#include "store/old_chain.hpp"
#include "store/part_chain.hpp"
#include "store/part_files.hpp"
#include "store/part_object.hpp"
#include "store/publish.hpp"

namespace dcdn::store {

/// A file that is read again.
struct CheckedFile {
  WholeEntry entry;
  UniqueFd fd;
  std::string shown;
  digest::Hasher hasher;
  std::size_t region = 0;
  std::uint64_t at = 0;  // in the region
};

/// A pack that is being read again, file by file.
struct CheckedPack {
  WholeEntry first;
  digest::Hasher hasher;
};

/// How far the check of an object that is all here has come.
struct PartCheck {
  explicit PartCheck(const ManifestLog& log) : entries(log) {}
  EntryReader entries;
  std::optional<CheckedFile> file;
  std::optional<CheckedPack> pack;
  std::optional<IndexMatch> index;  // whole files by their looks
  std::string first_wrong;
  bool changed_here = false;  // that one, by somebody else
};

/// A tree is to be laid over a folder that is there.
struct LaidOver {
  explicit LaidOver(InPlace opened) : place(std::move(opened)) {}
  InPlace place;
  std::optional<IndexMatch> index;  // what was delivered there before
  std::uint64_t rotten = 0;         // chunks that nobody touched, and that are not there any more
  std::string first_rotten;         // its path
};

/// All of an object is made and on disk, and only names are to be given.
struct Settled {
  bool over_folder = false;
  std::vector<std::string> notes{};  // what a person should know of it; none twice
  void add(const std::vector<std::string>& more) {
    for (const std::string& note : more)
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
};

/// gathered: staged, but in part a copy that nobody has looked at; changed: somebody changed what was in
/// place.
enum class Whereabouts { staged, gathered, in_place, changed };

/// What the note of a delivery says.
struct CutShort {
  std::string name;                    // that was to be given
  std::optional<Collision> laid_over;  // by this; nullopt: it was to be moved there as a whole
};

struct PartObject::Impl {
  Impl(std::shared_ptr<ReceiveDir> receive_dir, Options chosen)
      : dir(std::move(receive_dir)),
        options(std::move(chosen)),
        slot(slot_name(options)),
        chain(options.kind) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  // part_load.cpp
  Result<void> claim();
  Result<void> open();
  Result<void> load();
  /// The chain here goes to .old, except for its first `keep` segments.
  Result<void> set_aside(std::uint64_t keep);
  Result<void> remove_slots();
  /// After a failure half way through set_aside() or load() only opening anew makes sense.
  Result<void> or_over(Result<void> done) {
    over = over || !done.has_value();
    return done;
  }

  // part_load.cpp
  /// Whether what the map says of a chunk can be believed.
  bool is_here(const ChunkPlace& place, const wire::ChunkRecord& record, const PackedFiles& pack,
               bool same_boot);
  bool is_long_enough(const ChunkPlace& place, const wire::ChunkRecord& record, const PackedFiles& pack);

  // part_object.cpp
  /// Takes a new segment: what is here by the index counts as here.
  Result<std::vector<wire::ChunkRecord>> add_to_chain(const wire::Segment& segment, const Digest& id);
  Result<void> check_new(const wire::Segment& segment, const Digest& id) const;
  /// Asks whether a segment may come. What is refused for good leaves nothing here.
  Result<void> promise(const wire::Segment& segment, std::size_t frame_bytes);
  void note_rotten(const std::vector<wire::ChunkRecord>& due);
  /// Stores chunks of `segment` whose content is on disk somewhere.
  Result<void> fill_from_known(const wire::Segment& segment);
  /// Looks in the older files, at the first and the last place where it is missing.
  std::optional<Buffer> find_in_basis(const wire::ChunkRecord& record);
  std::optional<Buffer> find_in_basis(const ChunkPlace& place, const wire::ChunkRecord& record);
  /// Content that is at a place already, if it is what the record says.
  Result<Buffer> read_place(const ChunkPlace& place, const wire::ChunkRecord& record);
  /// What becomes of content at a place: written to staging, or seen to be under the final name already.
  Result<Have> put(const ChunkPlace& place, const Buffer& content);
  /// Of a chunk record that is here.
  Result<Buffer> content_here(std::uint64_t segment, std::uint64_t chunk);
  Result<const PackedFiles*> pack_at(const ChunkPlace& place);
  /// Writes content to every place that waits for it. Returns bytes written.
  Result<std::uint64_t> store(const wire::ChunkRecord& record, const Buffer& content);
  /// Puts the unsynced chunks on disk and marks them so.
  Result<void> sync_unsynced();
  /// Checks files all of whose chunks are here, as far as memory goes.
  Result<void> check_whole_files();

  // part_in_place.cpp
  /// Opens the folder that the tree is to be laid over, if there is one.
  Result<void> open_laid_over();
  [[nodiscard]] bool lies_over_folder() const;
  bool is_untouched(const PackedFiles& pack);
  /// Whether the index says that a chunk lies under the final name, by looks alone.
  Result<bool> is_in_index(const ChunkPlace& place, const wire::ChunkRecord& record, const PackedFiles& pack);
  Result<void> read_pack(const PackedFiles& pack, MutableByteView into);
  Result<bool> put_in_place(const PieceOfFile& piece, ByteView content);
  Result<Have> put_pack(const PackedFiles& pack, ByteView content);
  /// Where a file is that is not in a pack. If only some of its chunks lie under the final name, they are
  /// copied to the staged file.
  Result<Whereabouts> find_file(const WholeEntry& entry);
  Result<void> gather(const WholeEntry& entry);
  /// To read a file of a pack, wherever it is.
  Result<UniqueFd> open_part(const WholeEntry& entry);
  [[nodiscard]] InOrderDigest::Read reader_of(const PartFilePtr& file);

  // part_laid_over.cpp
  Result<void> settle_over();
  /// Says that what was to stay was changed; its chunks are missing again.
  Result<void> lost_in_place(const std::vector<WholeEntry>& lost);
  Result<std::string> give_names_over(const BeforeNaming& before_naming);
  Result<void> lay_over();
  Result<void> delete_others(FolderPath& folder, class TreeUpdate& update, std::int64_t since_ns);
  /// What was delivered, for the next time. Only a help: nothing fails without.
  void write_index();
  std::optional<IndexMatch> delivered_before();

  /// After a failed sync: what was not on disk before is missing again. Returns `error`.
  Error forget_unsynced(Error error);

  // part_check.cpp
  /// Goes on checking the digests of all files, about `bytes` of them. True: all are right. error corrupt:
  /// one is not, and its chunks are missing again.
  Result<bool> check_some(std::uint64_t bytes);
  /// Returns what of a slice that took.
  void begin_check();
  Result<std::uint64_t> begin_check(const WholeEntry& entry);
  Result<std::uint64_t> begin_check_in_place(const WholeEntry& entry);
  std::uint64_t begin_reading(const WholeEntry& entry, UniqueFd fd, const std::string& shown);
  Result<std::uint64_t> check_packed(const WholeEntry& entry);
  Result<void> judge_pack();
  Result<void> judge(const WholeEntry& entry, bool right);
  Result<bool> end_check();

  // part_finalize.cpp
  /// Makes what no chunk makes, sets modes and times; all of it is on disk when this returns.
  Result<void> settle();
  Result<void> end_settling(Result<void> done, const class Settler& settler, bool few);
  Result<void> note_delivery(const std::string& what);
  /// Only after settle(): notes that, then gives names. Returns the final path.
  Result<std::string> give_names(const BeforeNaming& before_naming);
  /// The final name is there: puts that on disk, then removes the slot.
  Result<void> tidy_up();
  [[nodiscard]] Delivered delivered_as(const std::string& name) const;

  // part_again.cpp
  Result<void> know_chain(const std::string& shown);
  Result<void> settle_again();
  /// A delivery that was cut short: the name that was to be given, if there is one.
  [[nodiscard]] std::optional<CutShort> cut_short();
  [[nodiscard]] bool is_outdated(const CutShort& cut) const;
  Result<std::optional<Delivered>> deliver_again(const BeforeNaming& before_naming);

  [[nodiscard]] Error stopped_error() const {
    return Error(Errc::interrupted, display() + ": interrupted; what is here is kept");
  }
  [[nodiscard]] Staged staged();
  [[nodiscard]] std::string display() const;
  [[nodiscard]] std::string slot_path() const { return dir->part_dir() + "/" + slot; }

  std::shared_ptr<ReceiveDir> dir;
  Options options;
  std::string slot;
  bool claimed = false;
  bool loaded = false;  // what the slot holds is known
  std::optional<Settled> settled;
  bool slot_synced = false;  // its own name, and what is in it
  bool over = false;         // delivered, discarded or broken: nothing may follow

  UniqueFd slot_fd;
  std::optional<ManifestLog> log;
  std::optional<PackFinder> packs;  // in the log
  std::optional<HaveMap> map;
  std::optional<PartFiles> files;
  std::optional<OldChain> old;
  std::shared_ptr<BasisFiles> basis;
  PartChain chain;
  std::unique_ptr<LaidOver> laid_over;
  std::unique_ptr<PartCheck> check;
  bool checked = false;                 // all files are right
  std::vector<std::uint64_t> unsynced;  // chunks whose byte in the map is 1
};

/// Up to so many files are fsynced one by one; beyond, one sync of the file system costs less.
inline constexpr std::uint64_t kFewFiles = 16;
/// What was under the final name, and was to stay there, is another now.
Error changed_error(const std::string& shown);
/// In a slot: all is made and on disk. The boot, a line, then the name that is given next; ahead of that
/// "/overwrite/" or
/// "/update/" if a tree is laid over a folder.
inline constexpr const char* kDeliverNote = "deliver";
std::string over_mark(Collision way);
inline constexpr const char* kBootNote = "boot_id";
/// In a slot: there may be hard links in its tree. A file that is one of several names must not be written to
/// as if it were another.
inline constexpr const char* kLinkedNote = "linked";

/// Of this boot of the machine, with the end of its line.
std::string current_boot_id();
/// A small file in a directory; empty if there is none.
std::string read_note(int directory, const char* name);
Result<void> write_note(int directory, const char* name, const std::string& text, const std::string& what);

}  // namespace dcdn::store
