// sync_batch.hpp - several files and folders are put on disk together.
#pragma once
#include <sys/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::store {

/// A few are fsynced one by one; of more, the file systems that they are on. Holds a few descriptors, however
/// many are added.
class SyncBatch {
 public:
  static constexpr std::size_t kFew = 16;

  /// Written, and opened before it was. One that is here already is not added again.
  void add(UniqueFd fd);
  /// Of a descriptor that stays the caller's.
  void add_copy(int fd);
  /// All that was added; then nothing is. error io, no_space: which of them is on disk is not known. `what`
  /// names them in it.
  Result<void> sync(const std::string& what);

 private:
  using Mark = std::pair<dev_t, ino_t>;
  std::map<Mark, UniqueFd> few_;
  std::map<dev_t, UniqueFd> systems_;  // of more than a few
};

/// A private file with this content takes the place of what is called `path`; a kill leaves the old or the
/// new one, and a power cut too, once `batch` was synced.
Result<void> replace_file(const std::string& path, ByteView bytes, SyncBatch& batch);

}  // namespace dcdn::store
