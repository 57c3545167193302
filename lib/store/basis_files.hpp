// basis_files.hpp - older files at the receiver that may hold content of an object that comes: what lies
// under its name, and what --basis names. Only read, and never through a symbolic link below the place named.
//
// A file is looked for under its own path first. If nothing of it is there, anywhere in the older trees, in
// this order: by its length and the digest of its first chunk (renamed, moved); by its name, of several the
// one nearest in length (moved and edited); and, if it is longer than a chunk, by the digest of its first
// chunk among the files nearest in length (renamed and edited).
//
// Memory   with trees, about 250 bytes for each older file, once the first one is missed
// Threads  one at a time (the receiver's store thread)
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/buffer.hpp"
#include "store/pack_finder.hpp"
#include "store/tree_access.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

/// Where a chunk belongs in a file that comes.
struct ChunkSpot {
  std::string path;              ///< below its tree; anything for an object that is one file
  std::uint64_t file_bytes = 0;  ///< promised length of the file; 0: not known
  std::uint64_t offset = 0;
  PackedFiles pack{};  ///< if it is a pack: its files; then nothing else counts
};

/// Older files as one content, one after another: what a pack is compared with. One file is a pack of one.
class OlderContent {
 public:
  /// A file that is not there any more is as if it were empty.
  void add(std::string path, std::uint64_t bytes) {
    parts_.push_back({std::move(path), bytes});
    bytes_ += bytes;
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// error changed: gone, or shorter than it was.
  Result<void> read(class BasisFiles& files, std::uint64_t offset, MutableByteView into);

 private:
  struct Part {
    std::string path;
    std::uint64_t bytes = 0;
  };
  std::vector<Part> parts_;
  std::uint64_t bytes_ = 0;
  std::size_t open_part_ = 0;
  UniqueFd open_fd_;
};

class BasisFiles {
 public:
  explicit BasisFiles(wire::ObjectKind kind) : kind_(kind) {}

  /// What lies at `name` in `parent`, if it is of the object's kind. Anything else is passed over.
  void add(int parent, const std::string& name);
  /// The same for a path that the user named, which may be a symbolic link. In a directory, what is called
  /// `name` there; for a tree, if there is none, the directory itself.
  void add_path(const std::string& path, const std::string& name);
  [[nodiscard]] bool empty() const { return roots_.empty(); }
  /// Bytes of all that was added; walks trees.
  [[nodiscard]] std::uint64_t bytes() const;

  /// Content that matches `record`, read and hashed anew.
  std::optional<Buffer> find(const ChunkSpot& spot, const wire::ChunkRecord& record);
  /// Of a pack, put together from older files: each under its own path or, if there is none, one of its name
  /// and length elsewhere.
  std::optional<Buffer> find(const PackedFiles& pack, const wire::ChunkRecord& record);
  /// The older file under that path, for reading, or the one that was found for it.
  std::optional<UniqueFd> open(const std::string& path);
  /// What a chunk at `spot` can be compared with: the file under that path, or the one that was found for it;
  /// if there is none yet, one of that name elsewhere in the older trees. Of a pack, all these together.
  /// Empty: nothing.
  OlderContent like(const ChunkSpot& spot);

 private:
  struct Root {
    UniqueFd fd;  // a directory, or the file itself
    std::unique_ptr<TreeRoot> tree;
  };
  struct Candidate {
    std::uint32_t root = 0;
    std::string path;
    std::uint64_t bytes = 0;
  };
  /// Candidates of one length; and, for each length of a first chunk that was asked for, by its digest.
  struct SameLength {
    std::vector<const Candidate*> files;
    std::map<std::uint32_t, std::unordered_map<Digest, const Candidate*, Name32Hash>> by_start;
  };
  bool add_fd(UniqueFd fd);  // false: passed over
  std::optional<UniqueFd> open_like(const ChunkSpot& spot);
  UniqueFd open_in(Root& root, const std::string& path);
  /// Fills `into` with a whole older file; false: there is none of that length.
  bool read_whole(Root& root, const PackedFile& file, MutableByteView into);
  std::optional<Buffer> read_from(const UniqueFd& fd, std::uint64_t offset, const wire::ChunkRecord& record);
  void turn_to(const std::string& path);
  /// What else than its own path may hold `spot`'s file, found by its first chunk.
  const Candidate* find_elsewhere(const ChunkSpot& spot, const wire::ChunkRecord& first);
  const Candidate* find_moved(std::uint64_t file_bytes, const wire::ChunkRecord& first);
  const Candidate* find_by_later_chunk(const ChunkSpot& spot, const wire::ChunkRecord& record);
  const Candidate* find_named(const ChunkSpot& spot);
  const Candidate* find_near(std::uint64_t file_bytes, const wire::ChunkRecord& first);
  std::optional<Digest> start_of(const Candidate& candidate, std::size_t bytes);
  void list_candidates();
  void list_below(std::uint32_t root, int directory, const std::string& path);

  wire::ObjectKind kind_;
  std::vector<Root> roots_;
  std::optional<std::string> current_;  // the path whose older files are open
  std::vector<UniqueFd> open_;
  bool searched_ = false;  // for it, by a chunk that is not its first
  bool listed_ = false;
  std::deque<Candidate> candidates_;  // stay where they are
  std::map<std::uint64_t, SameLength> by_length_;
  std::unordered_map<std::string, std::vector<const Candidate*>> by_name_;  // each by length
  std::unordered_map<std::string, const Candidate*> moved_;  // by new path: equal chunks may lead back to it
};

}  // namespace dcdn::store
