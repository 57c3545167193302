// Opening a slot: what a process before this one left is taken up as far as it can be trusted.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "store/part_impl.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kMostNoteBytes = 512;  // a boot and a name

// Gives the files of the first segments to another tree: by a second link, because a file may reach beyond
// them.
class FileKeeper {
 public:
  FileKeeper(TreeRoot& from, TreeRoot& to, wire::ObjectKind kind) : from_(from), to_(to), kind_(kind) {}
  Result<void> keep(const wire::Segment& segment) {
    for (const wire::Record& record : segment.records) {
      const auto* entry = std::get_if<wire::EntryBegin>(&record);
      if (entry == nullptr || entry->kind != wire::EntryKind::file) continue;
      const std::string path = kind_ == wire::ObjectKind::tree ? entry->path : kSingleFileName;
      const auto source = from_.find(path, Missing::fail);
      if (!source || !is_there(source->parent, source->leaf)) continue;  // nothing of it was written
      DCDN_TRY(const TreeRoot::Place target, to_.find(path, Missing::make));
      if (::linkat(source->parent, source->leaf.c_str(), target.parent, target.leaf.c_str(), 0) != 0)
        return errno_error(errno, to_.display(path) + ": link");
    }
    return {};
  }

 private:
  TreeRoot& from_;
  TreeRoot& to_;
  wire::ObjectKind kind_;
};

}  // namespace

std::string current_boot_id() {
  const auto id = read_file("/proc/sys/kernel/random/boot_id", kMostNoteBytes);
  return id ? std::string(as_text(*id)) : std::string("unknown");
}

std::string read_note(int directory, const char* name) {
  const UniqueFd fd(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return {};
  Bytes bytes(kMostNoteBytes);
  const auto got = read_full(fd.get(), bytes, name);
  return got ? std::string(as_text(ByteView(bytes).first(*got))) : std::string();
}

Result<void> write_note(int directory, const char* name, const std::string& text, const std::string& what) {
  const UniqueFd fd(::openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno_error(errno, what + "/" + name + ": open");
  return write_all(fd.get(), as_bytes(text), what + "/" + name);
}

PartObject::Impl::~Impl() {
  if (!claimed) return;
  // A slot in which nothing came to be is not worth keeping.
  if (!over && loaded && chain.empty() && !is_directory(dir->part_fd(), slot + ".old"))
    (void)remove_slots().has_value();
  dir->release(slot);
}

std::string PartObject::Impl::display() const {
  return escape_for_display(dir->path() + "/" + options.name);
}

Staged PartObject::Impl::staged() {
  const bool tree = options.kind == wire::ObjectKind::tree;
  Staged made;
  made.from_directory = tree ? slot_fd.get() : files->tree().fd();
  made.from_name = tree ? "tree" : kSingleFileName;
  made.to_directory = dir->out_fd();
  made.to_name = options.name;
  made.tree = tree;
  made.where = escape_for_display(dir->path());
  made.sync = options.fsync;
  made.kept = options.kept;
  return made;
}

Result<void> PartObject::Impl::claim() {
  if (!dir->claim(slot))
    return Error(Errc::locked, display() + ": is being received already")
        .with_hint("wait until that has ended");
  claimed = true;
  return {};
}

Result<void> PartObject::Impl::open() {
  DCDN_TRY(const auto delivered, deliver_again({}));
  if (delivered) return Error(Errc::nothing, escape_for_display(delivered->path) + ": was received already");
  if (is_there(dir->out_fd(), options.name)) {
    Staged taken;
    taken.where = escape_for_display(dir->path());
    taken.to_name = options.name;
    if (options.collision == Collision::refuse) return taken_error(taken);
    const bool fills_gaps =
        options.kind == wire::ObjectKind::tree && is_directory(dir->out_fd(), options.name);
    if (options.collision == Collision::skip && !fills_gaps)
      return Error(Errc::nothing, display() + ": is there already and was kept")
          .with_hint("--overwrite replaces it");
  }
  return load();
}

bool PartObject::Impl::is_here(const ChunkPlace& place, const wire::ChunkRecord& record,
                               const PackedFiles& pack, bool same_boot) {
  const Have have = map->get(place.chunk);
  if (have == Have::in_place) {
    if (place.file) place.file->partly_in_place = true;
    return place.file ? laid_over && laid_over->place.is_untouched(place.file->entry, place.file->path)
                      : is_untouched(pack);
  }
  if (have == Have::missing || !is_long_enough(place, record, pack)) return false;
  if (have == Have::synced) return true;
  if (!same_boot) {
    Bytes content(record.content_size);
    const auto read = place.file ? files->read(place.file, place.offset, content) : read_pack(pack, content);
    if (!read || digest::blake3(content) != record.content) return false;
  }
  if (place.file) files->note_unsynced(place.file);
  for (const PackedFile& file : pack)
    if (!laid_over || !laid_over->place.looks().get(file.entry).in_place())
      files->note_unsynced(file_at(file.path));
  unsynced.push_back(place.chunk);
  return true;
}

bool PartObject::Impl::is_long_enough(const ChunkPlace& place, const wire::ChunkRecord& record,
                                      const PackedFiles& pack) {
  if (place.file) {
    if (!place.file->found_bytes) place.file->found_bytes = files->length_of(*place.file);
    return place.offset + record.content_size <= *place.file->found_bytes;
  }
  return std::ranges::all_of(pack, [&](const PackedFile& file) {
    return (laid_over && laid_over->place.is_untouched(file.entry, file.path)) ||
           files->length_of(*file_at(file.path)) >= file.size;
  });
}

Result<void> PartObject::Impl::load() {
  const std::string shown = escape_for_display(slot_path());
  loaded = false;
  settled.reset();
  checked = false;
  check.reset();
  slot_synced = false;
  chain = PartChain(options.kind);
  unsynced.clear();
  if (options.promise) options.promise->restart();
  DCDN_TRY(slot_fd, open_directory(dir->part_fd(), slot, Missing::make, shown));
  DCDN_TRY(UniqueFd tree, open_directory(slot_fd.get(), "tree", Missing::make, shown + "/tree"));
  files.emplace(TreeRoot(std::move(tree), options.name));
  DCDN_TRY(log, ManifestLog::open(slot_fd.get(), shown + "/manifest.dcs"));
  DCDN_TRY(map, HaveMap::open(slot_fd.get(), shown + "/have.map"));
  DCDN_CHECK(open_laid_over());
  old = OldChain::open(dir->part_fd(), slot + ".old", options.kind);
  const bool same_boot = read_note(slot_fd.get(), kBootNote) == current_boot_id();

  packs.emplace(*log);
  std::vector<std::uint64_t> lost;
  const auto is_here_or_lost = [&](const ChunkPlace& place, const wire::ChunkRecord& record,
                                   const PackedFiles& pack) {
    const bool here = is_here(place, record, pack, same_boot);
    if (!here && map->has(place.chunk)) lost.push_back(place.chunk);
    if (here && options.promise) options.promise->written(record.content_size);
    return here;
  };
  ManifestLog::Reader reader(*log);
  for (;;) {
    DCDN_TRY(const auto read, reader.next());
    if (!read || !chain.check(read->segment, read->id)) break;
    if (options.promise) options.promise->found(read->segment, 0);
    packs->add_segment(read->at, chain.entries());
    chain.add(read->segment, read->id, is_here_or_lost);
    DCDN_CHECK(check_whole_files());
  }
  const std::uint64_t intact = reader.intact_bytes();
  // Which of the files are links cannot be told any more, and one that is written to changes another.
  if (intact < log->size() && is_there(slot_fd.get(), kLinkedNote)) {
    DCDN_CHECK(remove_slots());
    return load();
  }
  DCDN_CHECK(log->cut(intact));
  DCDN_CHECK(map->resize(chain.chunks()));
  for (const std::uint64_t chunk : lost) DCDN_CHECK(map->set(chunk, 1, Have::missing));
  if (!same_boot) DCDN_CHECK(write_note(slot_fd.get(), kBootNote, current_boot_id(), shown));
  loaded = true;
  return {};
}

// Linux tells of a write that failed once, then takes the pages for written: the next sync says that all is
// well. So what a failed sync was to save is not here any more, whatever reading it says.
Error PartObject::Impl::forget_unsynced(Error error) {
  ::unlinkat(slot_fd.get(), kDeliverNote, 0);
  ::unlinkat(slot_fd.get(), kBootNote, 0);
  bool forgotten = true;
  for (const std::uint64_t chunk : unsynced)
    forgotten = map->set(chunk, 1, Have::missing).has_value() && forgotten;
  // A map that cannot be corrected is worth nothing; without one everything comes again.
  if (!forgotten) ::unlinkat(slot_fd.get(), "have.map", 0);
  (void)or_over(load()).has_value();  // the sync is what the caller has to tell
  return error;
}

Result<void> PartObject::Impl::set_aside(std::uint64_t keep) {
  const std::string shown = escape_for_display(slot_path());
  const std::string old_name = slot + ".old";
  const std::string new_name = slot + ".new";
  const int part = dir->part_fd();
  old.reset();
  files.reset();
  laid_over.reset();
  DCDN_CHECK(remove_tree(part, old_name, shown));
  DCDN_CHECK(remove_tree(part, new_name, shown));
  if (::renameat(part, slot.c_str(), part, old_name.c_str()) != 0)
    return errno_error(errno, shown + ": set aside");
  if (keep > 0) {
    DCDN_TRY(const UniqueFd made, open_directory(part, new_name, Missing::make, shown));
    DCDN_TRY(UniqueFd old_tree, open_directory(slot_fd.get(), "tree", Missing::fail, shown));
    DCDN_TRY(UniqueFd new_tree, open_directory(made.get(), "tree", Missing::make, shown));
    TreeRoot from(std::move(old_tree), options.name);
    TreeRoot to(std::move(new_tree), options.name);
    FileKeeper keeper(from, to, options.kind);
    std::uint64_t chunks = 0;
    std::uint64_t entries = 0;
    DCDN_TRY(const std::uint64_t bytes,
             log->replay([&](const wire::Segment& segment, const Digest&) -> Result<bool> {
               if (segment.index >= keep) return false;
               DCDN_CHECK(keeper.keep(segment));
               for (const wire::Record& record : segment.records) {
                 chunks += std::holds_alternative<wire::ChunkRecord>(record);
                 entries += std::holds_alternative<wire::EntryBegin>(record);
               }
               return true;
             }));
    DCDN_TRY(auto new_log, ManifestLog::open(made.get(), shown + "/manifest.dcs"));
    DCDN_TRY(auto new_map, HaveMap::open(made.get(), shown + "/have.map"));
    Bytes piece(std::size_t{1} << 20);
    for (std::uint64_t at = 0; at < bytes;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes - at));
      DCDN_TRY(const std::size_t got, read_full_at(log->fd(), MutableByteView(piece).first(want), at, shown));
      if (got == 0) break;
      DCDN_CHECK(new_log.append(ByteView(piece).first(got)));
      at += got;
    }
    DCDN_TRY(auto looks, LooksLog::open(slot_fd.get(), shown + "/looks"));
    DCDN_TRY(auto new_looks, LooksLog::open(made.get(), shown + "/looks"));
    for (std::uint64_t entry = 0; entry < entries; ++entry)
      if (const NotedLooks noted = looks.get(entry); noted.in_place())
        DCDN_CHECK(new_looks.set(entry, noted));
    DCDN_CHECK(new_map.resize(chunks));
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk)
      if (map->has(chunk)) DCDN_CHECK(new_map.set(chunk, 1, map->get(chunk)));
    DCDN_CHECK(write_note(made.get(), kBootNote, current_boot_id(), shown));
    if (::renameat(part, new_name.c_str(), part, slot.c_str()) != 0)
      return errno_error(errno, shown + ": rename");
  }
  return load();
}

Result<void> PartObject::Impl::remove_slots() {
  files.reset();
  old.reset();
  laid_over.reset();
  return dir->remove_slot(slot);
}

}  // namespace dcdn::store
