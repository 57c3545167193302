#include "store/receive_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "store/tree_access.hpp"

namespace dcdn::store {

namespace {

constexpr const char* kLockName = "lock";
constexpr const char* kLinkTrial = "lock.link";
constexpr const char* kGoneSuffix = ".gone";  // of a slot that is being removed

Error no_folder(int reason, const std::string& name) {
  if (reason == ELOOP || reason == ENOTDIR)
    return Error(Errc::io, name + ": is not a directory").with_hint("move it away");
  return errno_error(reason, name + ": open");
}

// The lock of a folder that its last user is just removing is worth nothing: then the name is another file,
// or none.
bool is_still(int fd, int parent, const char* name) {
  struct stat ours {};
  struct stat named {};
  return ::fstat(fd, &ours) == 0 && ::fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

}  // namespace

Result<std::shared_ptr<ReceiveDir>> ReceiveDir::open(const std::string& path) {
  const std::string name = escape_for_display(path);
  DCDN_CHECK(make_directories(path, 0777));
  std::shared_ptr<ReceiveDir> dir(new ReceiveDir);
  dir->path_ = path;
  dir->out_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir->out_.valid()) return no_folder(errno, name);
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::mkdirat(dir->out_.get(), kPartDirName, 0700) != 0 && errno != EEXIST)
      return errno_error(errno, name + "/" + kPartDirName + ": make directory");
    dir->part_.reset(
        ::openat(dir->out_.get(), kPartDirName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!dir->part_.valid() && errno == ENOENT) continue;
    if (!dir->part_.valid()) return no_folder(errno, name + "/" + kPartDirName);
    dir->lock_.reset(::openat(dir->part_.get(), kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!dir->lock_.valid() && errno == ENOENT) continue;
    if (!dir->lock_.valid()) return errno_error(errno, name + "/" + kPartDirName + "/lock: open");
    if (::flock(dir->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      dir->lock_.reset();  // so that the destructor does not tidy up a folder that is another's
      return Error(Errc::locked, name + ": another process receives into it")
          .with_hint("wait until it ends, or choose another folder with -o");
    }
    if (is_still(dir->part_.get(), dir->out_.get(), kPartDirName) &&
        is_still(dir->lock_.get(), dir->part_.get(), kLockName)) {
      dir->end_removals();
      return dir;
    }
  }
  return Error(Errc::locked, name + ": its staging folder comes and goes").with_hint("try again");
}

ReceiveDir::~ReceiveDir() {
  // Nothing half received: leave the folder as the user would like to see it.
  if (!lock_.valid()) return;
  const auto names = list_names(part_.get(), kPartDirName);
  if (!names || names->size() != 1) return;
  ::unlinkat(part_.get(), kLockName, 0);
  ::unlinkat(out_.get(), kPartDirName, AT_REMOVEDIR);
}

Result<Room> ReceiveDir::room() const {
  struct statvfs info {};
  if (::fstatvfs(out_.get(), &info) != 0)
    return errno_error(errno, escape_for_display(path_) + ": ask for free space");
  Room room;
  room.bytes = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  if (info.f_files > 0) room.files = info.f_favail;
  return room;
}

bool ReceiveDir::has_links() const {
  const std::lock_guard lock(mutex_);
  if (has_links_) return *has_links_;
  ::unlinkat(part_.get(), kLinkTrial, 0);  // of a process that was killed just then
  has_links_ = ::linkat(part_.get(), kLockName, part_.get(), kLinkTrial, 0) == 0;
  ::unlinkat(part_.get(), kLinkTrial, 0);
  return *has_links_;
}

Result<std::uint64_t> ReceiveDir::settled_bytes() const {
  std::set<std::string> busy;
  {
    const std::lock_guard lock(mutex_);
    busy = busy_slots_;
  }
  DCDN_TRY(std::uint64_t bytes, tree_bytes(out_.get(), escape_for_display(path_)));
  for (const std::string& slot : busy) {
    struct stat small {};
    if (::fstatat(part_.get(), (slot + kSmallEnding).c_str(), &small, AT_SYMLINK_NOFOLLOW) == 0)
      bytes -= std::min(bytes, static_cast<std::uint64_t>(small.st_size));
    const UniqueFd fd(::openat(part_.get(), slot.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) continue;  // nothing of it yet
    DCDN_TRY(const std::uint64_t of_slot, tree_bytes(fd.get(), escape_for_display(path_)));
    bytes -= std::min(bytes, of_slot);
  }
  return bytes;
}

Result<int> ReceiveDir::clean(std::int64_t older_than_s) {
  DCDN_TRY(const auto names, list_names(part_.get(), escape_for_display(part_dir())));
  int removed = 0;
  for (const std::string& name : names) {
    if (name == kLockName || is_busy(name)) continue;
    std::int64_t touched = 0;
    for (const std::string& inside : {name, name + "/have.map", name + "/manifest.dcs"}) {
      struct stat info {};
      if (::fstatat(part_.get(), inside.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
        touched = std::max<std::int64_t>(touched, info.st_mtim.tv_sec);
    }
    if (touched >= older_than_s) continue;
    DCDN_CHECK(remove_tree(part_.get(), name, escape_for_display(part_dir() + "/" + name)));
    ++removed;
  }
  return removed;
}

bool ReceiveDir::is_busy(const std::string& slot) const {
  const std::lock_guard lock(mutex_);
  return busy_slots_.contains(slot);
}

bool ReceiveDir::claim(const std::string& slot) {
  const std::lock_guard lock(mutex_);
  return busy_slots_.insert(slot).second;
}
void ReceiveDir::release(const std::string& slot) {
  const std::lock_guard lock(mutex_);
  busy_slots_.erase(slot);
}

Result<void> ReceiveDir::remove(const std::string& name) const {
  return remove_tree(part_.get(), name, escape_for_display(part_dir() + "/" + name));
}

Result<void> ReceiveDir::remove_slot(const std::string& slot) const {
  // Out of the way at once: half a slot must not be taken for one that lost its files.
  const std::string gone = slot + kGoneSuffix;
  if (is_there(part_.get(), slot)) {
    DCDN_CHECK(remove(gone));
    if (::renameat(part_.get(), slot.c_str(), part_.get(), gone.c_str()) != 0)
      return errno_error(errno, escape_for_display(part_dir() + "/" + slot) + ": rename");
  }
  // The new name goes last: as long as it is there, it is known that the others have to go.
  for (const char* suffix : {".new", ".old", kGoneSuffix}) DCDN_CHECK(remove(slot + suffix));
  return {};
}

// A slot that was on its way out when a process was killed is never opened again: its object is delivered or
// was given up. A small object that has no name yet comes again. What cannot be removed is there for the
// next, and for clean().
void ReceiveDir::end_removals() const {
  const auto names = list_names(part_.get(), kPartDirName);
  if (!names) return;
  for (const std::string& name : *names) {
    if (name.ends_with(kSmallEnding)) (void)remove(name).has_value();
    if (!name.ends_with(kGoneSuffix)) continue;
    const std::string slot = name.substr(0, name.size() - std::string_view(kGoneSuffix).size());
    // Begun anew after a removal that failed: what is set aside belongs to the new one.
    (void)(is_there(part_.get(), slot) ? remove(name) : remove_slot(slot)).has_value();
  }
}

}  // namespace dcdn::store
