// pack_draft.hpp - small files that become one chunk together, while they are collected.
//
// Where one pack ends and the next begins hangs on the files alone, not on how they were met: a file that
// comes or goes moves the borders only until the next file whose path says "here" (content-defined chunking,
// with paths in place of content: LBFS, Muthitacharoen et al. 2001, section 3.1).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "source/source_index.hpp"
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
  Buffer content;                     ///< empty: nothing of it was read
  std::optional<KnownContent> known;  ///< a chunk of before that had just these files
};

class PackDraft {
 public:
  explicit PackDraft(std::uint32_t chunk_bytes) : border_(chunk_bytes) {}

  [[nodiscard]] bool is_before(std::size_t name_bytes, std::uint64_t bytes) const {
    return border_.is_before(name_bytes, bytes);
  }
  /// Where the content of the next file is to be put; nothing of it counts until add_file().
  MutableByteView room(std::size_t bytes);
  /// Its content is in room(). True: the pack ends with it. `known`: what its content was part of before, and
  /// may still be.
  bool add_file(wire::EntryBegin begin, const KnownPiece* known = nullptr);
  /// The same of one whose content was not read: it is as it was.
  bool add_unread(wire::EntryBegin begin, const KnownPiece& known);
  /// An entry without content, in its place. True: the pack ends with it.
  bool add_entry(std::vector<wire::Record> records, std::size_t name_bytes);
  /// Just the files of a chunk of before: none of them has to be read.
  [[nodiscard]] bool is_known() const { return matches_ && chunk_ && chunk_->record().content_size == used_; }
  /// Those whose content is not here; it belongs into content(), which has room for all files.
  [[nodiscard]] const std::vector<FilePart>& unread() const { return unread_; }
  MutableByteView content();
  /// `headroom` bytes are free before the content.
  Pack finish(std::size_t headroom, BufferPool& pool);

 private:
  bool add(wire::EntryBegin begin, const KnownPiece* known);

  PackBorder border_;
  Pack pack_;
  Bytes content_;
  std::size_t used_ = 0;
  bool matches_ = true;  // all files so far are those of chunk_, in order
  std::optional<KnownChunk> chunk_;
  std::vector<FilePart> parts_;  // all files, while it matches
  std::vector<FilePart> unread_;
};

}  // namespace dcdn::source
