#include "base/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/file_looks.hpp"
#include "base/text.hpp"

namespace dcdn {

namespace {

constexpr mode_t kPrivate = 0600;
constexpr unsigned kPlacesBeside = 8;     // as many may write one file at once where there is no O_TMPFILE
constexpr std::size_t kMostOfName = 200;  // of the final name, so that the one beside is not too long

std::string proc_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

/// What O_TMPFILE fails with where the file system or the kernel does not know it.
bool knows_no_unnamed(int reason) {
  return reason == EOPNOTSUPP || reason == EISDIR || reason == EINVAL || reason == ENOENT;
}

/// Not valid, and errno: no such file here, or no /proc to give it a name by.
UniqueFd open_without_name(int folder, mode_t mode) {
  if (::access("/proc/self/fd", X_OK) != 0) {
    errno = EOPNOTSUPP;
    return UniqueFd();
  }
  return UniqueFd(::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

Error not_replaceable(const std::string& shown, mode_t mode) {
  const char* what = S_ISDIR(mode)    ? "a folder"
                     : S_ISFIFO(mode) ? "a named pipe"
                     : S_ISSOCK(mode) ? "a socket"
                     : S_ISLNK(mode)  ? "a symbolic link"
                                      : "a device";
  return Error(Errc::exists, shown + ": is " + what + "; only a regular file is ever replaced")
      .with_hint("give the name of a file");
}

/// Ours until it is closed. A file system without locks has no second writer that we could see.
bool lock(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

}  // namespace

NewFile::NewFile(NewFile&& other) noexcept
    : rules_(std::move(other.rules_)),
      shown_(std::move(other.shown_)),
      name_(std::move(other.name_)),
      beside_(std::exchange(other.beside_, "")),
      folder_(std::move(other.folder_)),
      fd_(std::move(other.fd_)),
      replaced_(std::move(other.replaced_)),
      unsyncable_(other.unsyncable_),
      unnamed_(other.unnamed_),
      synced_(other.synced_) {}

NewFile::~NewFile() {
  if (!beside_.empty()) ::unlinkat(folder_.get(), beside_.c_str(), 0);
}

Error NewFile::exists() const {
  return Error(Errc::exists, shown_ + ": exists already").with_hint(rules_.exists_hint);
}

Result<NewFile> NewFile::create(const std::string& path, const NewFileRules& rules) {
  NewFile file;
  file.rules_ = rules;
  file.shown_ = escape_for_display(path);
  DCDN_CHECK(file.find_place(path));
  DCDN_CHECK(file.look_again());
  file.remove_leftovers();
  // What replaces a private file is private from the first byte.
  const bool own_mode = !rules.secret && !file.replaced_.valid();
  DCDN_CHECK(file.open_file(own_mode ? rules.mode : kPrivate));
  return file;
}

/// The folder, and the name in it.
Result<void> NewFile::find_place(const std::string& path) {
  std::string place = path;
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (S_ISLNK(info.st_mode) && rules_.replace) {
      DCDN_CHECK(follow_link(place));
    } else if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
      return not_replaceable(shown_, info.st_mode);
    }
  } else if (errno != ENOENT) {
    return errno_error(errno, shown_);
  }
  const std::size_t slash = place.rfind('/');
  name_ = slash == std::string::npos ? place : place.substr(slash + 1);
  if (name_.empty()) return errno_error(ENOENT, shown_);
  const std::string folder = folder_of(place);
  folder_.reset(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  unsyncable_ = !folder_.valid() && errno == EACCES;
  if (unsyncable_) folder_.reset(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.valid()) return errno_error(errno, escape_for_display(folder) + ": open");
  return {};
}

/// The kernel follows, so that its rules for the links of others in shared folders hold; then the name of
/// what it found.
Result<void> NewFile::follow_link(std::string& path) {
  const UniqueFd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!found.valid() && errno == ENOENT)
    return Error(Errc::exists, shown_ + ": is a symbolic link that leads to nothing")
        .with_hint("remove it, or name the file that it should lead to");
  struct stat info {};
  if (!found.valid() || ::fstat(found.get(), &info) != 0) return errno_error(errno, shown_);
  if (!S_ISREG(info.st_mode)) return not_replaceable(shown_, info.st_mode);
  char real[PATH_MAX];
  struct stat named {};
  if (::realpath(path.c_str(), real) == nullptr || ::lstat(real, &named) != 0)
    return errno_error(errno, shown_);
  if (!same_file(info, named)) return Error(Errc::changed, shown_ + ": the link was changed meanwhile");
  path = real;
  return {};
}

/// What has the name now: nothing, or a regular file that shall be replaced.
Result<void> NewFile::look_again() {
  UniqueFd there(::openat(folder_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!there.valid()) return errno == ENOENT ? Result<void>() : errno_error(errno, shown_);
  struct stat info {};
  if (::fstat(there.get(), &info) != 0) return errno_error(errno, shown_);
  if (!rules_.replace && (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode))) return exists();
  if (!S_ISREG(info.st_mode)) return not_replaceable(shown_, info.st_mode);
  replaced_ = std::move(there);
  return {};
}

Result<void> NewFile::open_file(mode_t mode) {
  fd_ = open_without_name(folder_.get(), mode);
  unnamed_ = fd_.valid();
  if (unnamed_) {
    lock(fd_.get());
    return {};
  }
  if (!knows_no_unnamed(errno)) return errno_error(errno, shown_ + ": create");
  for (unsigned number = 0; number < kPlacesBeside; ++number) {
    const std::string name = beside_name(number);
    fd_.reset(
        ::openat(folder_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd_.valid() && errno == EEXIST) continue;
    if (!fd_.valid()) return errno_error(errno, shown_ + ": create");
    // Somebody may have taken it for one that was left, before it was locked.
    if (!lock(fd_.get()) || !is_named(name)) continue;
    beside_ = name;
    return {};
  }
  return Error(Errc::locked, shown_ + ": too many others are writing it").with_hint("wait until they end");
}

std::string NewFile::beside_name(unsigned number) const {
  std::string name = name_.substr(0, kMostOfName);
  // Not in the middle of a character.
  while (name.size() < name_.size() && !name.empty() && (name_[name.size()] & 0xc0) == 0x80) name.pop_back();
  return "." + name + ".dcdn-new" + std::to_string(number);
}

bool NewFile::is_named(const std::string& name) const {
  struct stat ours {};
  struct stat named {};
  return ::fstat(fd_.get(), &ours) == 0 &&
         ::fstatat(folder_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && same_file(ours, named);
}

/// Those of writers that were killed: whoever lives holds the lock.
void NewFile::remove_leftovers() const {
  for (unsigned number = 0; number < kPlacesBeside; ++number) {
    const std::string name = beside_name(number);
    struct stat named {};
    struct stat opened {};
    if (::fstatat(folder_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(named.st_mode))
      continue;
    const UniqueFd left(
        ::openat(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!left.valid() || ::flock(left.get(), LOCK_EX | LOCK_NB) != 0) continue;
    // It may have got its final name since it was opened.
    if (::fstat(left.get(), &opened) == 0 &&
        ::fstatat(folder_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && same_file(opened, named))
      ::unlinkat(folder_.get(), name.c_str(), 0);
  }
}

bool NewFile::is_same_name(const NewFile& other) const {
  struct stat mine {};
  struct stat theirs {};
  return name_ == other.name_ && ::fstat(folder_.get(), &mine) == 0 &&
         ::fstat(other.folder_.get(), &theirs) == 0 && same_file(mine, theirs);
}

Result<void> NewFile::sync() {
  if (synced_) return {};
  DCDN_CHECK(look_again());
  if (!rules_.secret && replaced_.valid()) DCDN_CHECK(take_over_looks(replaced_.get(), fd_.get(), shown_));
  if (::fsync(fd_.get()) != 0 && errno != EINVAL) return errno_error(errno, shown_ + ": fsync");
  synced_ = true;
  return {};
}

Result<void> NewFile::finish() {
  DCDN_CHECK(sync());
  DCDN_CHECK(rules_.replace ? take_over_name() : give_name());
  if (unsyncable_) return {};
  auto saved = sync_folder(folder_.get(), shown_);
  if (!saved && !replaced_.valid() && is_named(name_)) ::unlinkat(folder_.get(), name_.c_str(), 0);
  return saved;
}

/// `there`: something has that name, and keeps it.
Result<void> NewFile::link_to(const std::string& name, bool& there) const {
  const int linked = unnamed_ ? ::linkat(AT_FDCWD, proc_path(fd_.get()).c_str(), folder_.get(), name.c_str(),
                                         AT_SYMLINK_FOLLOW)
                              : ::linkat(folder_.get(), beside_.c_str(), folder_.get(), name.c_str(), 0);
  there = linked != 0 && errno == EEXIST;
  return linked == 0 || there ? Result<void>() : errno_error(errno, shown_ + ": link");
}

/// Where nothing is, and only there.
Result<void> NewFile::give_name() {
  bool there = false;
  if (!unnamed_) {
    if (::renameat2(folder_.get(), beside_.c_str(), folder_.get(), name_.c_str(), RENAME_NOREPLACE) == 0) {
      beside_.clear();
      return {};
    }
    if (errno == EEXIST) return exists();
    if (errno != EINVAL && errno != ENOSYS) return errno_error(errno, shown_ + ": rename");
  }
  DCDN_CHECK(link_to(name_, there));
  if (there) return exists();
  if (!unnamed_) ::unlinkat(folder_.get(), std::exchange(beside_, "").c_str(), 0);
  return {};
}

Result<void> NewFile::take_over_name() {
  bool there = false;
  if (unnamed_ && !replaced_.valid()) {
    DCDN_CHECK(link_to(name_, there));
    if (!there) return {};
    synced_ = false;  // it came meanwhile, and has looks of its own
    DCDN_CHECK(sync());
  }
  if (unnamed_) DCDN_CHECK(name_beside());
  if (::renameat(folder_.get(), beside_.c_str(), folder_.get(), name_.c_str()) != 0)
    return errno_error(errno, shown_ + ": rename");
  beside_.clear();
  return {};
}

Result<void> NewFile::name_beside() {
  for (unsigned number = 0; number < kPlacesBeside; ++number) {
    bool there = false;
    DCDN_CHECK(link_to(beside_name(number), there));
    if (there) continue;
    beside_ = beside_name(number);
    return {};
  }
  return Error(Errc::locked, shown_ + ": too many others are writing it").with_hint("wait until they end");
}

Result<void> write_new_file(const std::string& path, ByteView bytes, const NewFileRules& rules) {
  DCDN_TRY(NewFile file, NewFile::create(path, rules));
  DCDN_CHECK(write_all(file.fd(), bytes, escape_for_display(path)));
  return file.finish();
}

Result<void> write_file_atomically(const std::string& path, ByteView bytes, mode_t mode) {
  return write_new_file(path, bytes, {.replace = true, .mode = mode});
}

Result<UniqueFd> open_unnamed(const std::string& folder) {
  UniqueFd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kPrivate));
  if (fd.valid()) return fd;
  std::string path = folder + "/dcdn.XXXXXX";
  if (knows_no_unnamed(errno)) fd.reset(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, escape_for_display(folder) + ": make a temporary file");
  ::unlink(path.c_str());
  return fd;
}

}  // namespace dcdn
