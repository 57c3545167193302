// pack_draft.hpp - small files that become one chunk together, while they are collected.
//
// Where one pack ends and the next begins hangs on the files alone, not on how they were met: a file that
// comes or goes moves the borders only until the next file whose path says "here" (content-defined chunking,
// with paths in place of content: LBFS, Muthitacharoen et al. 2001, section 3.1).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "wire/manifest.hpp"

namespace dcdn::source {

/// Files of more bytes have chunks of their own, when chunks are to have `chunk_bytes`.
std::uint32_t pack_limit(std::uint32_t chunk_bytes);

/// Where packs end, told what goes into them.
class PackBorder {
 public:
  explicit PackBorder(std::uint32_t chunk_bytes);
  /// A file of `bytes` has to begin the next pack.
  [[nodiscard]] bool is_before(std::size_t name_bytes, std::uint64_t bytes) const;
  /// A file went in, with as much that is neither path nor content. True: the pack ends with it.
  bool add_file(const std::string& path, std::uint64_t bytes, std::size_t extras_bytes = 0);
  /// Something without content of its own went in. True: the pack ends with it.
  bool add_entry(std::size_t name_bytes, std::uint64_t bytes = 0);

 private:
  [[nodiscard]] std::uint64_t weight_of(std::size_t name_bytes, std::uint64_t bytes) const;

  std::uint32_t meant_;       // bytes of content of a pack; twice as much at most
  std::uint64_t weight_ = 0;  // of what is in it, in such bytes
};

/// What a pack adds to a manifest: `records` in order, without the chunk, which stands before
/// records[chunk_at].
struct Pack {
  std::vector<wire::Record> records;
  std::size_t chunk_at = 0;
  Buffer content;
};

class PackDraft {
 public:
  explicit PackDraft(std::uint32_t chunk_bytes) : border_(chunk_bytes) {}

  [[nodiscard]] bool is_before(std::size_t name_bytes, std::uint64_t bytes) const {
    return border_.is_before(name_bytes, bytes);
  }
  /// Where the content of the next file is to be put; nothing of it counts until add_file().
  MutableByteView room(std::size_t bytes);
  /// Its content is in room(). True: the pack ends with it.
  bool add_file(wire::EntryBegin begin);
  /// An entry without content, in its place. True: the pack ends with it.
  bool add_entry(std::vector<wire::Record> records, std::size_t name_bytes);
  /// `headroom` bytes are free before the content.
  Pack finish(std::size_t headroom, BufferPool& pool);

 private:
  PackBorder border_;
  Pack pack_;
  Bytes content_;
  std::size_t used_ = 0;
};

}  // namespace dcdn::source
