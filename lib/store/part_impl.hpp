// part_impl.hpp - the inside of a PartObject, shared by the files that implement it.
//
// part_object.cpp    the calls, one by one
// part_load.cpp      opening, resuming and setting aside a slot
// part_finalize.cpp  checking and delivering
// part_again.cpp     ending a delivery that was cut short
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/have_map.hpp"
#include "store/manifest_log.hpp"
#include "store/old_chain.hpp"
#include "store/part_chain.hpp"
#include "store/part_files.hpp"
#include "store/part_object.hpp"
#include "store/publish.hpp"

namespace dcdn::store {

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

  // part_object.cpp
  Result<void> check_new(const wire::Segment& segment, const Digest& id) const;
  /// Stores chunks of `segment` whose content is on disk somewhere.
  Result<void> fill_from_known(const wire::Segment& segment);
  /// Looks in the older files, at the first and the last place where it is missing.
  std::optional<Buffer> find_in_basis(const wire::ChunkRecord& record);
  /// Writes content to every place that waits for it. Returns bytes written.
  Result<std::uint64_t> store(const wire::ChunkRecord& record, const Buffer& content);
  /// Puts the unsynced chunks on disk and marks them so.
  Result<void> sync_unsynced();
  /// Checks files all of whose chunks are here, as far as memory goes.
  Result<void> check_whole_files();

  /// After a failed sync: what was not on disk before is missing again. Returns `error`.
  Error forget_unsynced(Error error);

  // part_finalize.cpp
  Result<void> verify();
  /// Whether a file has its digest; makes its holes first.
  Result<bool> is_right(const WholeEntry& entry);
  /// Makes what no chunk makes, sets modes and times; all of it is on disk when this returns.
  Result<void> settle();
  /// Only after settle(): notes that, then gives names. Returns the final path.
  Result<std::string> give_names(const BeforeNaming& before_naming);
  /// The final name is there: puts that on disk, then removes the slot.
  Result<void> tidy_up();
  [[nodiscard]] Delivered delivered_as(const std::string& name) const;

  // part_again.cpp
  Result<void> know_chain(const std::string& shown);
  Result<void> settle_again();
  /// A delivery that was cut short: the name that was to be given, if there is one.
  [[nodiscard]] std::optional<std::string> name_cut_short();
  Result<std::optional<Delivered>> deliver_again(const BeforeNaming& before_naming);

  [[nodiscard]] Staged staged();
  [[nodiscard]] std::string display() const;
  [[nodiscard]] std::string slot_path() const { return dir->part_dir() + "/" + slot; }

  std::shared_ptr<ReceiveDir> dir;
  Options options;
  std::string slot;
  bool claimed = false;
  bool loaded = false;       // what the slot holds is known
  bool settled = false;      // only names are to be given
  bool knows_top = false;    // mode and time of a tree's own folder were sent
  bool slot_synced = false;  // its own name, and what is in it
  bool over = false;         // delivered, discarded or broken: nothing may follow

  UniqueFd slot_fd;
  std::optional<ManifestLog> log;
  std::optional<HaveMap> map;
  std::optional<PartFiles> files;
  std::optional<OldChain> old;
  std::shared_ptr<BasisFiles> basis;
  PartChain chain;
  std::vector<std::uint64_t> unsynced;  // chunks whose byte in the map is 1
};

/// In a slot: all is made and on disk. The boot, a line, then the name that is given next.
inline constexpr const char* kDeliverNote = "deliver";
inline constexpr const char* kBootNote = "boot_id";

/// Of this boot of the machine, with the end of its line.
std::string current_boot_id();
/// A small file in a directory; empty if there is none.
std::string read_note(int directory, const char* name);
Result<void> write_note(int directory, const char* name, const std::string& text, const std::string& what);

}  // namespace dcdn::store
