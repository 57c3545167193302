// open_file.hpp - which ends of files need no telling, for the writer and the parser of columns.
#pragma once
#include <cstdint>
#include <optional>

#include "digest/hasher.hpp"
#include "wire/manifest.hpp"

namespace dcdn::wire {

/// The file that is open while records go by. One that its size and one item, or its place in a pack, tell
/// all of has no end of its own in the columns.
class OpenFile {
 public:
  void begin(const std::optional<std::uint64_t>& size) {
    open_ = true;
    size_ = size;
    items_ = 0;
    told_ = size == std::uint64_t{0};
    content_ = told_ ? std::optional(digest::blake3({})) : std::nullopt;
    if (told_ || !size || pack_left_ == 0 || *size > pack_left_) return;
    pack_left_ -= *size;
    told_ = true;
  }
  void begin_inside() {
    open_ = true;
    size_.reset();
    items_ = 0;
    told_ = false;
  }
  void chunk(const ChunkRecord& chunk) {
    told_ = ++items_ == 1 && size_ && chunk.content_size >= *size_ && *size_ > 0;
    if (!told_) return;
    pack_left_ = chunk.content_size - *size_;
    if (pack_left_ == 0) content_ = chunk.content;
  }
  void hole(std::uint64_t size) {
    told_ = ++items_ == 1 && size_ == size;
    if (told_) content_ = digest::blake3({});
  }
  void end() { open_ = false; }
  [[nodiscard]] bool is_open() const { return open_; }
  /// Its end needs no telling, and is this.
  [[nodiscard]] bool is_told() const { return told_; }
  [[nodiscard]] EntryEnd told_end() const { return {size_.value_or(0), content_}; }
  [[nodiscard]] std::uint64_t pack_left() const { return pack_left_; }
  /// What it takes next: the rest of a pack is no place for it.
  [[nodiscard]] bool fits_no_pack() const { return pack_left_ > 0 && !told_; }

 private:
  bool open_ = false;
  bool told_ = false;
  std::optional<std::uint64_t> size_;
  std::uint64_t items_ = 0;
  std::optional<Digest> content_;
  std::uint64_t pack_left_ = 0;
};

}  // namespace dcdn::wire
