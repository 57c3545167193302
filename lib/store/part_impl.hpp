// part_impl.hpp - the inside of a PartObject, shared by the files that implement it.
//
// part_object.cpp    the calls, one by one
// part_load.cpp      opening, resuming and setting aside a slot
// part_finalize.cpp  checking and delivering
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
  /// Checks files all of whose chunks are here, as far as memory goes.
  Result<void> check_whole_files();

  // part_finalize.cpp
  Result<void> verify();
  /// Whether a file has its digest; makes its holes first.
  Result<bool> is_right(const WholeEntry& entry);
  Result<void> settle(bool tolerate_missing);
  Result<std::string> deliver(bool again);

  [[nodiscard]] Staged staged();
  [[nodiscard]] std::string display() const;
  [[nodiscard]] std::string slot_path() const { return dir->part_dir() + "/" + slot; }

  std::shared_ptr<ReceiveDir> dir;
  Options options;
  std::string slot;
  bool claimed = false;
  bool loaded = false;  // what the slot holds is known
  bool over = false;    // delivered, discarded or broken: nothing may follow

  UniqueFd slot_fd;
  std::optional<ManifestLog> log;
  std::optional<HaveMap> map;
  std::optional<PartFiles> files;
  std::optional<OldChain> old;
  std::shared_ptr<BasisFiles> basis;
  PartChain chain;
  std::vector<std::uint64_t> unsynced;  // chunks whose byte in the map is 1
};

/// Of this boot of the machine.
std::string current_boot_id();
/// A small file in a directory; empty if there is none.
std::string read_note(int directory, const char* name);
Result<void> write_note(int directory, const char* name, const std::string& text, const std::string& what);

}  // namespace dcdn::store
