#include "store/part_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace dcdn::store {

namespace {

constexpr std::size_t kOpenFiles = 16;
// Beyond so many files one sync of the file system is cheaper than one of each.
constexpr std::size_t kFewFiles = 8;

}  // namespace

PartFilePtr file_at(const std::string& path) {
  auto file = std::make_shared<PartFile>();
  file->path = path;
  return file;
}

Result<UniqueFd> open_staged(TreeRoot& tree, const std::string& path, Missing missing) {
  const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (missing == Missing::make ? O_CREAT : 0);
  DCDN_TRY(const TreeRoot::Place place, tree.find(path, missing));
  UniqueFd fd(::openat(place.parent, place.leaf.c_str(), flags, 0600));
  if (!fd.valid() && errno == EACCES) {
    // Its final mode was set already, by a finalize that was cut short; it is still ours.
    ::fchmod(place.parent, 0700);
    ::fchmodat(place.parent, place.leaf.c_str(), 0600, AT_SYMLINK_NOFOLLOW);
    fd.reset(::openat(place.parent, place.leaf.c_str(), flags, 0600));
  }
  if (!fd.valid()) return errno_error(errno, tree.display(path) + ": open");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return Error(Errc::io, tree.display(path) + ": something else is in its place in the staging folder")
        .with_hint("--clean forgets what is half received");
  return fd;
}

Result<int> PartFiles::descriptor(const PartFilePtr& file) {
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const Open& one) { return one.file == file; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front().fd.get();
  }
  DCDN_TRY(UniqueFd fd, open_staged(tree_, file->path, Missing::make));
  if (open_.size() >= kOpenFiles) open_.pop_back();
  open_.push_front({file, std::move(fd)});
  return open_.front().fd.get();
}

Result<void> PartFiles::write(const PartFilePtr& file, std::uint64_t offset, ByteView content) {
  DCDN_TRY(const int fd, descriptor(file));
  auto written = write_all_at(fd, content, offset, tree_.display(file->path));
  if (!written) return written;
  note_unsynced(file);
  return {};
}

Result<void> PartFiles::read(const PartFilePtr& file, std::uint64_t offset, MutableByteView into) {
  DCDN_TRY(const int fd, descriptor(file));
  DCDN_TRY(const std::size_t got, read_full_at(fd, into, offset, tree_.display(file->path)));
  if (got != into.size()) return Error(Errc::corrupt, tree_.display(file->path) + ": is shorter than it was");
  return {};
}

std::uint64_t PartFiles::length_of(const PartFile& file) {
  const auto place = tree_.find(file.path, Missing::fail);
  struct stat info {};
  if (!place || ::fstatat(place->parent, place->leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  return S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void PartFiles::note_unsynced(const PartFilePtr& file) {
  if (many_unsynced_ || std::find(unsynced_.begin(), unsynced_.end(), file) != unsynced_.end()) return;
  many_unsynced_ = unsynced_.size() == kFewFiles;
  if (many_unsynced_) {
    unsynced_.clear();
  } else {
    unsynced_.push_back(file);
  }
}

Result<void> PartFiles::sync() {
  if (many_unsynced_ && ::syncfs(tree_.fd()) != 0) return errno_error(errno, tree_.display("") + ": syncfs");
  for (const PartFilePtr& file : unsynced_) {
    DCDN_TRY(const int fd, descriptor(file));
    if (::fdatasync(fd) != 0) return errno_error(errno, tree_.display(file->path) + ": fdatasync");
    // Its name as well, or the bytes are lost with it.
    DCDN_TRY(const TreeRoot::Place place, tree_.find(file->path, Missing::fail));
    if (::fsync(place.parent) != 0)
      return errno_error(errno, tree_.display(file->path) + ": fsync of its directory");
  }
  unsynced_.clear();
  many_unsynced_ = false;
  return {};
}

}  // namespace dcdn::store
