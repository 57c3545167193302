#include "store/sync_batch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/text.hpp"

namespace dcdn::store {

void SyncBatch::add(UniqueFd fd) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return;
  if (systems_.empty() && (few_.size() < kFew || few_.contains({info.st_dev, info.st_ino}))) {
    few_.try_emplace({info.st_dev, info.st_ino}, std::move(fd));
    return;
  }
  for (auto& [mark, file] : few_) systems_.try_emplace(mark.first, std::move(file));
  few_.clear();
  systems_.try_emplace(info.st_dev, std::move(fd));
}

void SyncBatch::add_copy(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || few_.contains({info.st_dev, info.st_ino})) return;
  add(UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)));
}

Result<void> SyncBatch::sync(const std::string& what) {
  const auto few = std::exchange(few_, {});
  const auto systems = std::exchange(systems_, {});
  for (const auto& [mark, file] : few)
    if (::fsync(file.get()) != 0 && errno != EINVAL) return errno_error(errno, what + ": fsync");
  for (const auto& [device, file] : systems)
    if (::syncfs(file.get()) != 0) return errno_error(errno, what + ": syncfs");
  return {};
}

Result<void> replace_file(const std::string& path, ByteView bytes, SyncBatch& batch) {
  const std::string fresh = path + ".new";
  const std::string shown = escape_for_display(path);
  UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno_error(errno, shown + ": make file");
  DCDN_CHECK(write_all(fd.get(), bytes, shown));
  UniqueFd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || ::rename(fresh.c_str(), path.c_str()) != 0)
    return errno_error(errno, shown + ": give the name");
  batch.add(std::move(fd));
  batch.add(std::move(folder));
  return {};
}

}  // namespace dcdn::store
