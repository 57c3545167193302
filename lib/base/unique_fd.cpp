#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace dcdn {

namespace {

/// True if the call that just failed should be made again. Another process that shares our standard input or
/// output may have made it non-blocking; we still want whole reads and writes, so wait until it is ready.
bool should_retry(int fd, short events) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  pollfd waiting{fd, events, 0};
  return ::poll(&waiting, 1, -1) >= 0 || errno == EINTR;
}

/// A count of 0 for a write that asked for more: not an error to the kernel, but no way forward either.
Result<void> check_progress(ssize_t written, const std::string& what) {
  if (written > 0) return {};
  return errno_error(written == 0 ? EIO : errno, what + ": write");
}

}  // namespace

Result<std::size_t> read_full(int fd, MutableByteView into, const std::string& what) {
  std::size_t got = 0;
  while (got < into.size()) {
    const ssize_t n = ::read(fd, into.data() + got, into.size() - got);
    if (n == 0) break;
    if (n < 0) {
      if (should_retry(fd, POLLIN)) continue;
      return errno_error(errno, what + ": read");
    }
    got += static_cast<std::size_t>(n);
  }
  return got;
}

Result<std::size_t> read_full_at(int fd, MutableByteView into, std::uint64_t offset,
                                 const std::string& what) {
  std::size_t got = 0;
  while (got < into.size()) {
    const ssize_t n = ::pread(fd, into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error(errno, what + ": read");
    }
    got += static_cast<std::size_t>(n);
  }
  return got;
}

Result<void> write_all(int fd, ByteView bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && should_retry(fd, POLLOUT)) continue;
    DCDN_CHECK(check_progress(n, what));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_all_at(int fd, ByteView bytes, std::uint64_t offset, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && should_retry(fd, POLLOUT)) continue;
    DCDN_CHECK(check_progress(n, what));
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<Bytes> read_file(const std::string& path, std::size_t limit) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, path + ": open");
  Bytes bytes;
  for (std::size_t size = 4096;; size *= 2) {
    const std::size_t had = bytes.size();
    bytes.resize(size);
    DCDN_TRY(const std::size_t got, read_full(fd.get(), MutableByteView(bytes).subspan(had), path));
    bytes.resize(had + got);
    if (bytes.size() > limit)
      return Error(Errc::limit, path + ": longer than " + std::to_string(limit) + " bytes");
    if (bytes.size() < size) return bytes;
  }
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

Result<void> sync_folder(int fd, const std::string& what) {
  // EINVAL: a file system that has nothing to be synced there.
  if (::fsync(fd) != 0 && errno != EINVAL) return errno_error(errno, what + ": fsync of the folder");
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // A folder that may be written and not be read is left to the system.
  if (!fd.valid() && errno == EACCES) return {};
  if (!fd.valid()) return errno_error(errno, folder + ": open");
  return sync_folder(fd.get(), folder);
}

Result<void> make_directories(const std::string& path, unsigned mode) {
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    const std::string folder = path.substr(0, at);
    if (::mkdir(folder.c_str(), mode) == 0) {
      DCDN_CHECK(sync_folder(folder_of(folder)));  // or all that is put into it is lost with its name
    } else if (errno != EEXIST) {
      return errno_error(errno, folder + ": make directory");
    }
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error(errno, path);
  if (!S_ISDIR(info.st_mode)) return Error(Errc::io, path + ": is not a directory");
  return {};
}

}  // namespace dcdn
