// part_files.hpp - the files of an object in staging: opened when needed, a few at a time.
#pragma once
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/in_order_digest.hpp"
#include "store/pack_finder.hpp"
#include "store/tree_access.hpp"

namespace dcdn::store {

/// A file that is coming in. Lives as long as a chunk of it is missing or may be copied to another place.
struct PartFile {
  std::string path;             ///< below tree/
  std::uint64_t number = 0;     ///< how many files come before it
  std::uint64_t entry = 0;      ///< how many entries
  std::uint64_t announced = 0;  ///< bytes its records so far add up to
  std::uint64_t chunks = 0;
  std::uint64_t missing = 0;  ///< chunks
  bool has_holes = false;
  bool partly_in_place = false;      ///< pieces of it are not in staging but under the final name
  std::uint64_t promised_bytes = 0;  ///< its size, if that was told beforehand
  bool ended = false;                ///< all its records are known
  Digest first_chunk_content;
  Digest content;                         ///< of the whole file, once ended
  std::unique_ptr<InOrderDigest> digest;  ///< none: the file is read again at the end, or was checked already
  std::optional<std::uint64_t> found_bytes;  ///< length it had when the slot was opened
};
using PartFilePtr = std::shared_ptr<PartFile>;

class PartFiles {
 public:
  explicit PartFiles(TreeRoot tree) : tree_(std::move(tree)) {}

  Result<void> write(const PartFilePtr& file, std::uint64_t offset, ByteView content);
  /// error corrupt: the file is shorter.
  Result<void> read(const PartFilePtr& file, std::uint64_t offset, MutableByteView into);
  /// Length on disk; 0 if there is no such file.
  std::uint64_t length_of(const PartFile& file);
  /// All that was written since the last call is on disk when this returns.
  Result<void> sync();
  /// A file whose bytes are on disk only as far as this boot's memory goes: sync() includes it.
  void note_unsynced(const PartFilePtr& file);
  [[nodiscard]] TreeRoot& tree() { return tree_; }

 private:
  struct Open {
    PartFilePtr file;
    UniqueFd fd;
  };
  Result<int> descriptor(const PartFilePtr& file);

  TreeRoot tree_;
  std::list<Open> open_;  // the one used last comes first
  std::vector<PartFilePtr> unsynced_;
  bool many_unsynced_ = false;
};

/// One of which nothing is known but where it is.
PartFilePtr file_at(const std::string& path);

/// Opens a staged file for reading and writing, made when `missing` says so. A file that is not a plain file
/// is refused.
Result<UniqueFd> open_staged(TreeRoot& tree, const std::string& path, Missing missing);

}  // namespace dcdn::store
