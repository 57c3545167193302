// folder_lock.hpp - one process at a time changes the files of a folder.
//
// flock on the folder itself, so that nothing is left behind by a process that dies. It excludes threads of
// one process from each other as well. Not to be taken twice by one thread: it would wait for itself.
#pragma once
#include <string>

#include "base/unique_fd.hpp"
#include "dcdn/result.hpp"

namespace dcdn::trust {

/// Excludes others that change files of this folder, as long as it lives.
class FolderLock {
 public:
  /// Waits for its turn. Makes the folder (0700). error permission, io.
  static Result<FolderLock> take(const std::string& folder);

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  UniqueFd fd_;  // closing it gives the lock back
};

}  // namespace dcdn::trust
