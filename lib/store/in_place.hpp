// in_place.hpp - a tree that is laid over a folder leaves what is right there already where it is: which
// files these are, seen by their content once and by their looks from then on.
//
// Threads  one at a time (the receiver's store thread)
#pragma once
#include <optional>
#include <string>

#include "dcdn/bytes.hpp"
#include "store/folder_path.hpp"
#include "store/noted_looks.hpp"

namespace dcdn::store {

/// A piece of an entry's content.
struct PieceOfFile {
  std::uint64_t entry = 0;
  const std::string& path;
  std::uint64_t offset = 0;
  bool whole = false;  ///< it is all of the file
};

class InPlace {
 public:
  InPlace(FolderPath folder, LooksLog looks) : folder_(std::move(folder)), looks_(std::move(looks)) {}

  /// Whether the file that is there has exactly this content at that place, and is no longer if it is whole.
  /// Its looks are noted then; for a whole file that is another they are forgotten.
  Result<bool> keeps(const PieceOfFile& piece, ByteView content);
  /// The file of that entry is in place, as far as was noted, and nobody touched it since.
  [[nodiscard]] bool is_untouched(std::uint64_t entry, const std::string& path);
  /// error corrupt: it is shorter.
  Result<void> read(const PieceOfFile& piece, MutableByteView into);
  /// To read; error io: it is no plain file.
  Result<UniqueFd> open(const std::string& path);
  /// What is there under `path`; none also if a folder on the way is not there.
  FileLooks look(const std::string& path);

  [[nodiscard]] FolderPath& folder() { return folder_; }
  [[nodiscard]] LooksLog& looks() { return looks_; }
  /// Whether some of it may not be on disk: it was found by its content, whoever wrote that.
  [[nodiscard]] bool maybe_unsynced() const { return maybe_unsynced_; }
  void set_maybe_unsynced() { maybe_unsynced_ = true; }

 private:
  FolderPath folder_;
  LooksLog looks_;
  std::string open_path_;
  UniqueFd open_fd_;
  bool maybe_unsynced_ = false;
};

}  // namespace dcdn::store
