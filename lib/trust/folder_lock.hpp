// folder_lock.hpp - one process at a time changes the files of a folder.
#pragma once
#include <string>

#include "base/unique_fd.hpp"
#include "dcdn/result.hpp"

namespace dcdn::trust {

/// Excludes other processes that change files of this folder, as long as it lives. Makes the folder (0700).
class FolderLock {
 public:
  static Result<FolderLock> take(const std::string& folder);

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  UniqueFd fd_;  // closing it gives the lock back
};

}  // namespace dcdn::trust
