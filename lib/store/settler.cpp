#include "store/settler.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "store/part_files.hpp"

namespace dcdn::store {

namespace {

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

}  // namespace

Result<void> Settler::settle(const WholeEntry& entry) {
  if (entry.left_out) return remove_file(entry.begin.path);
  switch (entry.begin.kind) {
    case wire::EntryKind::file:
      return settle_file(entry);
    case wire::EntryKind::symlink:
      return settle_link(entry.begin);
    case wire::EntryKind::directory:
      break;
  }
  knows_top_ = knows_top_ || entry.begin.path.empty();
  DCDN_TRY(const UniqueFd made, open_entry(entry.begin.path, Missing::make));
  directories_.push_back(entry.begin);
  return {};
}

Result<void> Settler::settle_directories() {
  for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
    DCDN_TRY(const UniqueFd fd, open_entry(entry->path, Missing::fail));
    DCDN_CHECK(set_mode_and_time(fd.get(), *entry, tree_.display(entry->path)));
  }
  if (options_.kind == wire::ObjectKind::tree && !knows_top_) {
    const unsigned mode = options_.preserve_modes ? 0700u : 0777u & ~umask_;
    if (::fchmod(tree_.fd(), mode) != 0) return errno_error(errno, tree_.display("") + ": set mode");
  }
  return sync(tree_.fd(), tree_.display(""));
}

Result<void> Settler::settle_again(const WholeEntry& entry) {
  if (entry.begin.kind != wire::EntryKind::directory) return {};
  knows_top_ = knows_top_ || entry.begin.path.empty();
  const auto fd = open_entry(entry.begin.path, Missing::fail);
  if (!fd) return {};  // moved as a whole, as it was settled
  return set_mode_and_time(fd->get(), entry.begin, tree_.display(entry.begin.path));
}

Result<UniqueFd> Settler::open_entry(const std::string& path, Missing missing) {
  DCDN_TRY(const TreeRoot::Place place, tree_.find(path.empty() ? "." : path, missing));
  return open_directory(place.parent, place.leaf, missing, tree_.display(path));
}

Result<void> Settler::settle_file(const WholeEntry& entry) {
  const std::string path = options_.kind == wire::ObjectKind::tree ? entry.begin.path : kSingleFileName;
  const std::string shown = tree_.display(path);
  DCDN_TRY(const UniqueFd fd, open_staged(tree_, path, Missing::make));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, shown);
  if (static_cast<std::uint64_t>(info.st_size) != entry.end.size &&
      ::ftruncate(fd.get(), static_cast<off_t>(entry.end.size)) != 0)
    return errno_error(errno, shown + ": set length");
  return set_mode_and_time(fd.get(), entry.begin, shown);
}

// What came of it before its sender could not read on.
Result<void> Settler::remove_file(const std::string& path) {
  const auto place = tree_.find(path, Missing::fail);
  if (!place) return {};
  return remove_tree(place->parent, place->leaf, tree_.display(path));
}

Result<void> Settler::settle_link(const wire::EntryBegin& entry) {
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

Result<void> Settler::set_mode_and_time(int fd, const wire::EntryBegin& entry, const std::string& shown) {
  // Set-user-id and the like would give a sender rights on this machine.
  const unsigned mode = options_.preserve_modes ? entry.mode & 0777u : entry.mode & 0777u & ~umask_;
  if (::fchmod(fd, mode) != 0) return errno_error(errno, shown + ": set mode");
  const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(entry.mtime_ns)};
  if (options_.kind != wire::ObjectKind::stream && ::futimens(fd, times) != 0)
    return errno_error(errno, shown + ": set time");
  return sync(fd, shown);
}

Result<void> Settler::sync(int fd, const std::string& shown) {
  if (!sync_each_ || ::fsync(fd) == 0) return {};
  sync_failed_ = true;
  return errno_error(errno, shown + ": fsync");
}

}  // namespace dcdn::store
