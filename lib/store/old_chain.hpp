// old_chain.hpp - <slot>.old: the chain before this one, where chunks that did not change are found.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "store/part_files.hpp"
#include "wire/content_cursor.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

class OldChain {
 public:
  /// An old chain that cannot be read is an empty one: it is only a help. `part` is the staging folder.
  static OldChain open(int part, const std::string& name, wire::ObjectKind kind);

  /// Content that matches `record`; read and hashed anew, because files here may have changed since.
  [[nodiscard]] std::optional<Buffer> find(const wire::ChunkRecord& record);
  [[nodiscard]] bool empty() const { return places_.empty(); }

 private:
  // 24 bytes a chunk: an old chain may be as long as a new one.
  struct Place {
    std::uint64_t digest_start = 0;  // first eight bytes of the content digest
    std::uint64_t offset = 0;
    std::uint32_t file = 0;
    std::uint32_t size = 0;
  };
  void index(const wire::Segment& segment, const class HaveMap& map, wire::ObjectKind kind,
             std::uint64_t& chunk);
  /// Fills `into` from a file on, going on with the next where one ends.
  bool read(std::uint32_t file, std::uint64_t offset, MutableByteView into);

  std::vector<std::string> paths_;
  std::vector<Place> places_;   // sorted by digest_start
  wire::ContentCursor cursor_;  // where indexing is
  std::optional<TreeRoot> tree_;
  std::uint32_t open_file_ = 0;
  UniqueFd open_fd_;
};

}  // namespace dcdn::store
