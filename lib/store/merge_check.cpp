#include "store/merge_check.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "store/tree_access.hpp"

namespace dcdn::store {

bool is_mount_point(const Name& name) {
  struct statx info {};
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (::statx(name.directory, name.leaf.c_str(), kFlags, STATX_TYPE, &info) != 0) return false;
  return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Result<bool> is_empty_folder(const Name& name, const std::string& what) {
  DCDN_TRY(const OpenedFolder folder, OpenedFolder::open(name.directory, name.leaf, what));
  DCDN_TRY(const auto names, list_names(folder.fd(), what));
  return names.empty();
}

Error no_room_error(const std::string& shown, std::uint64_t needed, std::uint64_t free) {
  return Error(Errc::no_space, shown + ": what is mounted in it needs " + std::to_string(needed) +
                                   " bytes more, and " + std::to_string(free) + " are free")
      .with_hint("make room, then send again: what is here is kept");
}

Error in_the_way(const std::string& shown, const char* what) {
  return Error(Errc::exists, shown + ": " + what).with_hint("move it away, then send again");
}

Result<void> MergeCheck::directory(const OpenedFolder& from, const OpenedFolder& to,
                                   const std::string& path) {
  DCDN_TRY(auto names, list_names(from.fd(), display(path)));
  std::sort(names.begin(), names.end());
  bool changes = false;
  for (const std::string& name : names)
    DCDN_CHECK(entry({from.fd(), name}, {to.fd(), name}, path + "/" + name, changes));
  return changes ? to.may_change(display(path)) : Result<void>();
}

// `changes` becomes true if a name has to be given in the folder.
Result<void> MergeCheck::entry(const Name& from, const Name& to, const std::string& path, bool& changes) {
  const bool is_folder = is_directory(from.directory, from.leaf);
  const bool over_folder = is_directory(to.directory, to.leaf);
  if (is_folder && over_folder) {
    DCDN_TRY(const OpenedFolder below, OpenedFolder::open(from.directory, from.leaf, display(path)));
    DCDN_TRY(const OpenedFolder there, OpenedFolder::open(to.directory, to.leaf, display(path)));
    return directory(below, there, path);
  }
  if (over_folder) return in_the_way(display(path), "is a directory, where a file should be");
  const bool taken = is_there(to.directory, to.leaf);
  if (taken && is_folder) return in_the_way(display(path), "is no directory, where one should be");
  if (taken) return {};
  changes = true;
  return count_room(from, to.directory, path);
}

Result<void> MergeCheck::count_room(const Name& from, int to, const std::string& path) {
  struct stat source {};
  struct stat target {};
  if (::fstatat(from.directory, from.leaf.c_str(), &source, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::fstat(to, &target) != 0)
    return errno_error(errno, display(path) + ": stat");
  if (source.st_dev == target.st_dev) return {};
  Room& room = room_[target.st_dev];
  struct statvfs system {};
  if (room.needed == 0 && ::fstatvfs(to, &system) == 0)
    room.free = std::uint64_t{system.f_bavail} * system.f_frsize;
  std::uint64_t bytes = static_cast<std::uint64_t>(source.st_size);
  if (S_ISDIR(source.st_mode)) {
    DCDN_TRY(const OpenedFolder folder, OpenedFolder::open(from.directory, from.leaf, display(path)));
    DCDN_TRY(bytes, tree_bytes(folder.fd(), display(path)));
  }
  room.needed += bytes;
  return {};
}

Result<void> MergeCheck::room() const {
  for (const auto& [device, room] : room_)
    if (room.needed > room.free) return no_room_error(where_, room.needed, room.free);
  return {};
}

std::string MergeCheck::display(const std::string& path) const {
  return where_ + "/" + escape_for_display(path);
}

}  // namespace dcdn::store
