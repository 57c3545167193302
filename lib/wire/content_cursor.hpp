// content_cursor.hpp - which bytes of which chunk a file is made of.
#pragma once
#include <algorithm>
#include <optional>
#include <variant>

#include "wire/manifest.hpp"

namespace dcdn::wire {

/// A run of the current file's content.
struct ContentPart {
  std::uint64_t file_offset = 0;
  std::uint64_t size = 0;          ///< at least 1
  std::uint32_t chunk_offset = 0;  ///< where it begins in the last chunk; 0 for a hole
  bool hole = false;
};

/// Told every record of a chain that ManifestChecker let pass, in order.
class ContentCursor {
 public:
  ContentCursor() = default;
  /// From the middle of a chain on. inside_file: that of the first segment; where in the file is not known
  /// then.
  explicit ContentCursor(bool inside_file) : file_left_(inside_file ? kMaxObjectBytes : 0) {}
  /// What of the current file's content `record` brings. A chunk brings the beginning of its content; of a
  /// pack, each file after the first brings its own part when it begins.
  std::optional<ContentPart> add(const Record& record) {
    if (const auto* entry = std::get_if<EntryBegin>(&record)) return begin(*entry);
    if (const auto* chunk = std::get_if<ChunkRecord>(&record)) {
      const std::uint64_t size = std::min<std::uint64_t>(chunk->content_size, file_left_);
      pack_left_ = static_cast<std::uint32_t>(chunk->content_size - size);
      chunk_bytes_ = chunk->content_size;
      return take(size, 0, false);
    }
    if (const auto* hole = std::get_if<HoleRecord>(&record)) return take(hole->size, 0, true);
    return std::nullopt;
  }
  /// Content of the last chunk that belongs to files which have not begun.
  [[nodiscard]] std::uint32_t pack_left() const { return pack_left_; }

 private:
  std::optional<ContentPart> begin(const EntryBegin& entry) {
    file_offset_ = 0;
    file_left_ = entry.kind == EntryKind::file ? entry.size.value_or(kMaxObjectBytes) : 0;
    if (pack_left_ == 0 || file_left_ == 0) return std::nullopt;
    const std::uint32_t at = chunk_bytes_ - pack_left_;
    pack_left_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(file_left_, pack_left_));
    return take(file_left_, at, false);
  }
  std::optional<ContentPart> take(std::uint64_t size, std::uint32_t at, bool hole) {
    const ContentPart part{file_offset_, size, at, hole};
    file_offset_ += size;
    file_left_ -= std::min(size, file_left_);
    return part;
  }

  std::uint64_t file_offset_ = 0;
  std::uint64_t file_left_ = 0;  // as far as its size was told
  std::uint32_t pack_left_ = 0;
  std::uint32_t chunk_bytes_ = 0;
};

}  // namespace dcdn::wire
