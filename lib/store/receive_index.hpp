// receive_index.hpp - what was delivered under a name, and what it looked like then: a file in the receiver's
// home.
//
// It names every entry in a manifest's order, the chunks of its content with their digests, and its looks
// when it was published. A digest over all of it is at its end, so one that is torn, flipped or of another
// program is as if there were none. It never leaves this machine.
//
// Memory   a window of the file
#pragma once
#include <optional>
#include <string>
#include <variant>

#include "base/new_file.hpp"
#include "dcdn/bytes.hpp"
#include "digest/hasher.hpp"
#include "store/noted_looks.hpp"

namespace dcdn::store {

/// Longer ones are not kept, nor are all of a folder together longer.
inline constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{256} << 20;
inline constexpr const char* kIndexEnding = ".idx";
/// How many deliveries it takes until all was read again, a part of it each time.
inline constexpr std::uint64_t kIndexTurns = 100;

struct IndexHead {
  Digest object;           ///< that was delivered last
  std::uint64_t turn = 0;  ///< which part is read again next time; below kIndexTurns
  bool operator==(const IndexHead&) const = default;
};
/// A file, directory or symbolic link. What follows until the next one is a file's content; of a pack, the
/// first of its files has the chunk.
struct IndexedEntry {
  std::string path;
  FileLooks looks;      ///< of a directory only the kind
  bool unsure = false;  ///< it may have changed unseen: its content is to be looked at
  bool link = false;    ///< another name of a file that comes before it: it has no content of its own
  bool former = false;  ///< delivered once, and not in the object that came last
  bool operator==(const IndexedEntry&) const = default;
};
struct IndexedChunk {
  std::uint32_t size = 0;
  Digest content;
  bool operator==(const IndexedChunk&) const = default;
};
struct IndexedHole {
  std::uint64_t size = 0;
  bool operator==(const IndexedHole&) const = default;
};
/// Of all data of a file that is not in a pack.
struct IndexedWhole {
  Digest content;
  bool operator==(const IndexedWhole&) const = default;
};
using IndexItem = std::variant<IndexedEntry, IndexedChunk, IndexedHole, IndexedWhole>;

class IndexWriter {
 public:
  /// error as NewFile.
  static Result<IndexWriter> create(const std::string& path, const IndexHead& head);
  /// error limit: it becomes too long.
  Result<void> add(const IndexItem& item);
  /// It gets its name, in the place of one before; without it nothing is there.
  Result<void> finish();

 private:
  IndexWriter(NewFile file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  void add_entry(const IndexedEntry& entry);
  Result<void> flush();

  NewFile file_;
  std::string path_;
  Bytes waiting_;
  digest::Hasher hasher_;
  std::uint64_t bytes_ = 0;
  std::uint8_t turn_ = 0;
  IndexedEntry last_;
};

/// Removes the indexes in `folder` that were written longest ago, until the rest is within `most` bytes.
void prune_indexes(const std::string& folder, std::uint64_t most = kMaxIndexBytes);

/// It is the turn of the next part to be read again: for when nothing else of an index changes.
void advance_turn(const std::string& path);
/// Something is still there that was delivered once and is not in the object that came last.
bool has_former(const std::string& path);

class IndexReader {
 public:
  /// nullopt: there is none, or none that is whole.
  static std::optional<IndexReader> open(const std::string& path);
  [[nodiscard]] const IndexHead& head() const { return head_; }
  /// nullopt: there are no more. After something that makes no sense there are none either, and intact() is
  /// false.
  std::optional<IndexItem> next();
  [[nodiscard]] bool intact() const { return intact_; }

 private:
  IndexReader() = default;
  bool check();
  bool fill();
  std::optional<IndexItem> parse(ByteView bytes, std::size_t& used);

  UniqueFd fd_;
  std::uint64_t end_ = 0;  // of the items
  std::uint64_t at_ = 0;   // what of the file is in the window
  Bytes window_;
  std::size_t used_ = 0;  // of the window
  bool intact_ = true;
  IndexHead head_;
  IndexedEntry last_;
};

}  // namespace dcdn::store
