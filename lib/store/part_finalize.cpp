// Checking an object that is all here, and delivering it.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "store/part_impl.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
// Up to so many files are fsynced one by one; beyond, one sync of the file system costs less.
constexpr std::uint64_t kFewFiles = 16;

timespec to_timespec(std::int64_t ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t seconds = ns / kSecond;
  std::int64_t rest = ns % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  return {static_cast<time_t>(seconds), static_cast<long>(rest)};
}

// Regions that the manifest says are zero become holes again: an earlier chain may have left bytes there.
Result<void> punch_holes(int fd, const WholeEntry& entry, const std::string& what) {
  for (const Region& region : entry.regions) {
    if (!region.hole) continue;
    const auto offset = static_cast<off_t>(region.offset);
    if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                    static_cast<off_t>(region.size)) == 0)
      continue;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return errno_error(errno, what + ": make a hole");
    Bytes piece(kReadBytes);
    for (std::uint64_t at = 0; at < region.size; at += piece.size()) {
      piece.resize(std::min<std::uint64_t>(piece.size(), region.size - at));
      DCDN_TRY(const std::size_t got, read_full_at(fd, piece, region.offset + at, what));
      if (digest::is_all_zero(ByteView(piece).first(got))) continue;
      std::fill(piece.begin(), piece.end(), std::uint8_t{0});
      DCDN_CHECK(write_all_at(fd, ByteView(piece).first(got), region.offset + at, what));
    }
  }
  return {};
}

Result<Digest> digest_of(int fd, const WholeEntry& entry, const std::string& what) {
  digest::Hasher hasher;
  Bytes piece(kReadBytes);
  for (const Region& region : entry.regions) {
    if (region.hole) {
      hasher.update_zeros(region.size);
      continue;
    }
    for (std::uint64_t at = 0; at < region.size;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), region.size - at));
      DCDN_TRY(const std::size_t got,
               read_full_at(fd, MutableByteView(piece).first(want), region.offset + at, what));
      if (got == 0) return hasher.digest();  // shorter than it should be: the digest will be wrong
      hasher.update(ByteView(piece).first(got));
      at += got;
    }
  }
  return hasher.digest();
}

// Gives staged entries what does not depend on their bytes: length, mode, time; makes links and empty files.
class Settler {
 public:
  Settler(TreeRoot& tree, const PartObject::Options& options, bool sync_each, bool tolerate_missing)
      : tree_(tree), options_(options), sync_each_(sync_each), tolerate_missing_(tolerate_missing) {}

  Result<void> settle(const WholeEntry& entry) {
    switch (entry.begin.kind) {
      case wire::EntryKind::file:
        return settle_file(entry);
      case wire::EntryKind::symlink:
        return settle_link(entry.begin);
      case wire::EntryKind::directory:
        break;
    }
    if (gone(entry.begin.path)) return {};
    DCDN_TRY(const UniqueFd made, open_entry(entry.begin.path, Missing::make));
    directories_.push_back(entry.begin);
    return {};
  }
  /// After all entries: a directory's mode may forbid, and its time would change with, what is done inside
  /// it.
  Result<void> settle_directories() {
    for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
      DCDN_TRY(const UniqueFd fd, open_entry(entry->path, Missing::fail));
      DCDN_CHECK(set_mode_and_time(fd.get(), *entry, tree_.display(entry->path)));
    }
    if (options_.kind == wire::ObjectKind::tree) ::fchmod(tree_.fd(), 0777 & ~umask_);
    if (sync_each_ && ::fsync(tree_.fd()) != 0) return errno_error(errno, tree_.display("") + ": fsync");
    return {};
  }

 private:
  Result<UniqueFd> open_entry(const std::string& path, Missing missing) {
    DCDN_TRY(const TreeRoot::Place place, tree_.find(path, missing));
    return open_directory(place.parent, place.leaf, missing, tree_.display(path));
  }
  // When a delivery that was cut short goes on, what has its name already is no longer here.
  bool gone(const std::string& path) {
    if (!tolerate_missing_) return false;
    const auto place = tree_.find(path, Missing::fail);
    return !place || !is_there(place->parent, place->leaf);
  }
  Result<void> settle_file(const WholeEntry& entry) {
    const std::string path = options_.kind == wire::ObjectKind::tree ? entry.begin.path : kSingleFileName;
    if (gone(path)) return {};
    const std::string shown = tree_.display(path);
    DCDN_TRY(const UniqueFd fd, open_staged(tree_, path, Missing::make));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return errno_error(errno, shown);
    if (static_cast<std::uint64_t>(info.st_size) != entry.end.size &&
        ::ftruncate(fd.get(), static_cast<off_t>(entry.end.size)) != 0)
      return errno_error(errno, shown + ": set length");
    return set_mode_and_time(fd.get(), entry.begin, shown);
  }
  Result<void> settle_link(const wire::EntryBegin& entry) {
    if (gone(entry.path)) return {};
    const std::string shown = tree_.display(entry.path);
    DCDN_TRY(const TreeRoot::Place place, tree_.find(entry.path, Missing::make));
    if (::symlinkat(entry.target.c_str(), place.parent, place.leaf.c_str()) != 0) {
      // A finalize that was cut short made it already, or took the permission away to make it.
      ::fchmod(place.parent, 0700);
      ::unlinkat(place.parent, place.leaf.c_str(), 0);
      if (::symlinkat(entry.target.c_str(), place.parent, place.leaf.c_str()) != 0)
        return errno_error(errno, shown + ": make link");
    }
    const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(entry.mtime_ns)};
    ::utimensat(place.parent, place.leaf.c_str(), times, AT_SYMLINK_NOFOLLOW);  // not every file system can
    return {};
  }
  Result<void> set_mode_and_time(int fd, const wire::EntryBegin& entry, const std::string& shown) const {
    // Set-user-id and the like would give a sender rights on this machine.
    const unsigned mode = options_.preserve_modes ? entry.mode & 0777u : entry.mode & 0777u & ~umask_;
    if (::fchmod(fd, mode) != 0) return errno_error(errno, shown + ": set mode");
    const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(entry.mtime_ns)};
    if (options_.kind != wire::ObjectKind::stream && ::futimens(fd, times) != 0)
      return errno_error(errno, shown + ": set time");
    if (sync_each_ && ::fsync(fd) != 0) return errno_error(errno, shown + ": fsync");
    return {};
  }

  TreeRoot& tree_;
  const PartObject::Options& options_;
  bool sync_each_;
  bool tolerate_missing_;
  unsigned umask_ = current_umask();
  std::vector<wire::EntryBegin> directories_;
};

}  // namespace

Result<bool> PartObject::Impl::is_right(const WholeEntry& entry) {
  if (entry.begin.kind != wire::EntryKind::file) return true;
  const bool verified = chain.is_verified(entry.file) ||
                        (entry.is_one_chunk() && entry.first_chunk_content == entry.end.content) ||
                        (entry.end.size == 0 && entry.end.content == digest::blake3({}));
  if (verified && !entry.has_holes()) return true;
  const std::string path = options.kind == wire::ObjectKind::tree ? entry.begin.path : kSingleFileName;
  const std::string shown = files->tree().display(path);
  DCDN_TRY(const UniqueFd fd, open_staged(files->tree(), path, Missing::make));
  if (entry.has_holes() && ::ftruncate(fd.get(), static_cast<off_t>(entry.end.size)) != 0)
    return errno_error(errno, shown + ": set length");
  DCDN_CHECK(punch_holes(fd.get(), entry, shown));
  if (verified) return true;
  DCDN_TRY(const Digest digest, digest_of(fd.get(), entry, shown));
  return digest == entry.end.content;
}

Result<void> PartObject::Impl::verify() {
  std::string first_wrong;
  const auto check = [&](const WholeEntry& entry) -> Result<void> {
    DCDN_TRY(const bool right, is_right(entry));
    if (right) return {};
    if (first_wrong.empty())
      first_wrong = entry.begin.path.empty() ? options.name : options.name + "/" + entry.begin.path;
    if (entry.chunks == 0) return {};
    return map->set(entry.first_chunk, entry.chunks, Have::missing);
  };
  DCDN_CHECK(for_each_entry(*log, check));
  if (first_wrong.empty()) return {};
  DCDN_CHECK(or_over(load()));
  return Error(Errc::corrupt,
               escape_for_display(first_wrong) + ": does not have the digest its sender signed")
      .with_hint("send again: its chunks are asked for once more");
}

Result<void> PartObject::Impl::settle(bool tolerate_missing) {
  const bool few = chain.files() <= kFewFiles;
  Settler settler(files->tree(), options, options.fsync && few, tolerate_missing);
  DCDN_CHECK(for_each_entry(*log, [&](const WholeEntry& entry) { return settler.settle(entry); }));
  DCDN_CHECK(settler.settle_directories());
  if (options.fsync && !few && ::syncfs(files->tree().fd()) != 0)
    return errno_error(errno, display() + ": syncfs");
  return {};
}

Result<std::string> PartObject::Impl::deliver(bool again) {
  const std::string shown = escape_for_display(slot_path());
  if (again) {
    DCDN_TRY(log, ManifestLog::open(slot_fd.get(), shown + "/manifest.dcs"));
    auto tree = open_directory(slot_fd.get(), "tree", Missing::fail, shown + "/tree");
    if (tree) files.emplace(TreeRoot(*std::move(tree), options.name));
  } else {
    DCDN_CHECK(write_note(slot_fd.get(), "deliver", current_boot_id(), shown));
  }
  std::string name = options.name;
  if (files) {
    DCDN_CHECK(settle(again));
    auto given = publish(staged(), options.collision);
    if (!given && given.error().code != Errc::nothing) return given;
    if (!given) {
      over = true;
      DCDN_CHECK(remove_slots());
      return given;
    }
    name = *given;
  }
  if (options.fsync && ::fsync(dir->out_fd()) != 0)
    return errno_error(errno, display() + ": fsync of its directory");
  over = true;
  DCDN_CHECK(remove_slots());
  return dir->path() + "/" + name;
}

}  // namespace dcdn::store
