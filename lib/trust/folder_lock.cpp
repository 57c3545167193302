#include "trust/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "trust/careful_file.hpp"

namespace dcdn::trust {

Result<FolderLock> FolderLock::take(const std::string& folder) {
  DCDN_CHECK(make_directories(folder, kFolderMode));
  FolderLock lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.fd_.valid()) return errno_error(errno, folder);
  while (::flock(lock.fd_.get(), LOCK_EX) != 0)
    if (errno != EINTR) return errno_error(errno, folder + ": lock");
  return lock;
}

}  // namespace dcdn::trust
