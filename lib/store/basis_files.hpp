// basis_files.hpp - older files at the receiver that may hold content of an object that comes: what lies
// under its name, and what --basis names. Only read, and never through a symbolic link below the place named.
//
// A file is looked for under its own path first; if nothing of it is there, among files of exactly its length
// anywhere in the older trees, by the digest of their first chunk: renamed and moved files.
//
// Memory   with trees, about 100 bytes for each older file, once the first one is missed
// Threads  one at a time (the receiver's store thread)
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/buffer.hpp"
#include "store/tree_access.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

/// Where a chunk belongs in a file that comes.
struct ChunkSpot {
  std::string path;              ///< below its tree; anything for an object that is one file
  std::uint64_t file_bytes = 0;  ///< promised length of the file; 0: not known
  std::uint64_t offset = 0;
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
  /// The older file under that path, for reading.
  std::optional<UniqueFd> open(const std::string& path);

 private:
  struct Root {
    UniqueFd fd;  // a directory, or the file itself
    std::unique_ptr<TreeRoot> tree;
  };
  struct Candidate {
    std::uint32_t root = 0;
    std::string path;
  };
  /// Candidates of one length, by the digest of their first bytes; those not hashed yet.
  struct SameLength {
    std::vector<Candidate> unhashed;
    std::uint32_t first_bytes = 0;
    std::unordered_map<Digest, Candidate, Name32Hash> hashed;
  };
  bool add_fd(UniqueFd fd);  // false: passed over
  UniqueFd open_in(Root& root, const std::string& path);
  std::optional<Buffer> read_from(const UniqueFd& fd, std::uint64_t offset, const wire::ChunkRecord& record);
  void turn_to(const std::string& path);
  const Candidate* find_moved(std::uint64_t file_bytes, const wire::ChunkRecord& first);
  void list_candidates();
  void list_below(std::uint32_t root, int directory, const std::string& path);

  wire::ObjectKind kind_;
  std::vector<Root> roots_;
  std::optional<std::string> current_;  // the path whose older files are open
  std::vector<UniqueFd> open_;
  bool listed_ = false;
  std::size_t candidates_ = 0;
  std::unordered_map<std::uint64_t, SameLength> by_length_;
  std::unordered_map<std::string, Candidate> moved_;  // by new path: equal chunks may lead back to it
};

}  // namespace dcdn::store
