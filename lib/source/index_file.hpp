// index_file.hpp - where indexes of sources lie, and how one is written (source/source_index.hpp reads it).
//
// HOME/index/<32 hex>.idx, 0600: one for each root, name and way of sending it. All together take at most
// 256 MiB: the ones that were used least recently go first, and what nobody used for 90 days.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/new_file.hpp"
#include "wire/segment_looks.hpp"

namespace dcdn::source {

inline constexpr std::uint64_t kMostIndexBytes = std::uint64_t{256} << 20;

/// What an index is for: it serves only who sends the same in the same way.
struct IndexKey {
  std::string path;       ///< of the source, as it was named
  std::string name;       ///< of the object
  std::string symlinks;   ///< how links are sent
  std::string compress;   ///< how chunks are compressed
  std::string receivers;  ///< the size of chunks follows the path to them
};
/// Empty: the path cannot be found out.
std::string index_path(const std::string& folder, const IndexKey& key);

/// Threads  one at a time
class IndexWriter {
 public:
  /// The file gets its name with finish(); until then it has none, and a kill leaves nothing.
  /// error as NewFile.
  static Result<IndexWriter> start(const std::string& folder, const std::string& path);
  /// The next segment, as its frame has it. What cannot be written is told by finish().
  void add(ByteView segment_body, const Digest& id, std::vector<wire::FileLook> files);
  /// Id of the last segment that was added.
  [[nodiscard]] const Digest& last() const { return last_; }
  /// It takes the place of the one before, and the folder is tidied up.
  /// error as NewFile, and of any write since; limit: longer than all of them may be.
  Result<void> finish();

 private:
  IndexWriter(NewFile file, std::string folder, std::string path)
      : file_(std::move(file)), folder_(std::move(folder)), path_(std::move(path)) {}
  Result<void> write(ByteView bytes);

  NewFile file_;
  std::string folder_;
  std::string path_;
  std::uint64_t bytes_ = 0;
  Digest last_;
  Result<void> written_;
};

/// Removes indexes that nobody used for 90 days, and the least recently used until the rest is at most
/// `most_bytes`. Files of other names stay.
void tidy_indexes(const std::string& folder, std::uint64_t most_bytes = kMostIndexBytes);

}  // namespace dcdn::source
