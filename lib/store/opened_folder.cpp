#include "store/opened_folder.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace dcdn::store {

namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t kForOwner = 0700;

bool may(int fd, int what) {
  return ::faccessat(fd, ".", what, AT_EACCESS) == 0;
}

}  // namespace

OpenedFolder::OpenedFolder(OpenedFolder&& other) noexcept
    : fd_(std::move(other.fd_)), was_(other.was_), widened_(std::exchange(other.widened_, false)) {}

OpenedFolder::~OpenedFolder() {
  if (widened_) ::fchmod(fd_.get(), was_.st_mode & 07777);
}

Result<OpenedFolder> OpenedFolder::open(int parent, const std::string& name, const std::string& what,
                                        OpenFor purpose) {
  OpenedFolder folder;
  struct stat named {};
  if (::fstatat(parent, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(errno, what + ": open directory");
  folder.fd_.reset(::openat(parent, name.c_str(), kOpenFolder));
  const int reason = errno;
  const bool ours = named.st_uid == ::geteuid() && S_ISDIR(named.st_mode);
  if (!folder.fd_.valid() && reason == EACCES && ours &&
      ::fchmodat(parent, name.c_str(), (named.st_mode & 07777) | kForOwner, AT_SYMLINK_NOFOLLOW) == 0) {
    folder.fd_.reset(::openat(parent, name.c_str(), kOpenFolder));
    folder.widened_ = folder.fd_.valid();
  }
  if (!folder.fd_.valid()) return errno_error(reason, what + ": open directory");
  if (::fstat(folder.fd_.get(), &folder.was_) != 0) return errno_error(errno, what + ": stat");
  if (folder.widened_) {
    folder.was_.st_mode = named.st_mode;
  } else if (!may(folder.fd(), purpose == OpenFor::change ? W_OK | X_OK : X_OK) &&
             folder.was_.st_uid == ::geteuid()) {
    folder.widened_ = ::fchmod(folder.fd(), (folder.was_.st_mode & 07777) | kForOwner) == 0;
  }
  return folder;
}

Result<void> OpenedFolder::may_change(const std::string& what) const {
  if (may(fd(), W_OK | X_OK)) return {};
  return errno_error(errno, what + ": change what is in it");
}

}  // namespace dcdn::store
