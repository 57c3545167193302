#include "base/file_looks.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace dcdn {

namespace {

constexpr const char* kAccessList = "system.posix_acl_access";
constexpr std::size_t kMostAccessList = 64u << 10;  // of the kernel, for any extended attribute

/// Not ours to give, or nobody that this name space knows.
bool may_not(int reason) {
  return reason == EPERM || reason == EINVAL;
}

bool has_none(int reason) {
  return reason == ENODATA || reason == EOPNOTSUPP;
}

/// nullopt: it has none.
Result<std::optional<Bytes>> access_list_of(int fd, const std::string& what) {
  // By O_PATH nothing can be read; the link in /proc leads to the very file.
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  Bytes list(kMostAccessList);
  const ssize_t size = ::getxattr(path.c_str(), kAccessList, list.data(), list.size());
  if (size >= 0) {
    list.resize(static_cast<std::size_t>(size));
    return std::optional<Bytes>(std::move(list));
  }
  // Without /proc nothing can be known of it.
  if (has_none(errno) || errno == ENOENT) return std::optional<Bytes>();
  return errno_error(errno, what + ": access list");
}

Result<void> set_access_list(int fd, const std::optional<Bytes>& list, const std::string& what) {
  if (list) {
    if (::fsetxattr(fd, kAccessList, list->data(), list->size(), 0) != 0)
      return errno_error(errno, what + ": keep the access list");
  } else if (::fremovexattr(fd, kAccessList) != 0 && !has_none(errno)) {
    // One that the folder gave it.
    return errno_error(errno, what + ": remove an access list");
  }
  return {};
}

}  // namespace

Result<void> take_over_looks(int from, int to, const std::string& what) {
  struct stat old {};
  struct stat now {};
  if (::fstat(from, &old) != 0 || ::fstat(to, &now) != 0) return errno_error(errno, what);
  if (old.st_uid != now.st_uid && ::fchown(to, old.st_uid, static_cast<gid_t>(-1)) != 0 && !may_not(errno))
    return errno_error(errno, what + ": keep the owner");
  bool group_kept = true;
  if (old.st_gid != now.st_gid && ::fchown(to, static_cast<uid_t>(-1), old.st_gid) != 0) {
    if (!may_not(errno)) return errno_error(errno, what + ": keep the group");
    group_kept = false;
  }
  DCDN_TRY(std::optional<Bytes> list, access_list_of(from, what));
  mode_t mode = old.st_mode & 0777;
  if (!group_kept) {
    const mode_t both = list ? 0 : (mode >> 3) & mode & 07;
    mode = (mode & 0700) | both << 3 | both;
    list.reset();
  }
  DCDN_CHECK(set_access_list(to, list, what));
  if (::fchmod(to, mode) != 0) return errno_error(errno, what + ": keep the mode");
  return {};
}

}  // namespace dcdn
