// index_match.hpp - which chunks of an object that comes are here, by what was delivered under its name
// before and the looks of the files that it is in: nothing is read.
#pragma once
#include <optional>
#include <string>

#include "store/in_place.hpp"
#include "store/pack_finder.hpp"
#include "store/receive_index.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

/// Asked in the order of a manifest, of which it may be asked only a part; whatever comes out of that order
/// is not found.
class IndexMatch {
 public:
  IndexMatch(IndexReader reader, InPlace& place) : reader_(std::move(reader)), place_(place) {}

  /// A piece of one file: it is there, and nobody touched the file since. Its looks are noted then.
  Result<bool> has(const PieceOfFile& piece, const wire::ChunkRecord& record);
  /// A pack of several whole files, the same.
  Result<bool> has(const PackedFiles& pack, const wire::ChunkRecord& record);
  /// What has() said last was no only because it is the turn of that chunk to be read.
  [[nodiscard]] bool was_due() const { return due_; }
  /// What the index says of an untouched file as a whole.
  std::optional<Digest> whole(const std::string& path);
  /// Whether what is there is what was delivered.
  bool is_ours(const std::string& path, const FileLooks& now);

 private:
  bool seek(const std::string& path);
  bool next_entry();
  const std::optional<IndexItem>& peek();
  /// Takes the next item if it is that chunk, and if it is not the turn of that one to be read.
  bool take(const wire::ChunkRecord& record);
  bool is_untouched();

  IndexReader reader_;
  InPlace& place_;
  IndexedEntry current_;
  bool at_entry_ = false;  // current_ is one
  bool ended_ = false;
  bool due_ = false;
  std::uint64_t offset_ = 0;  // in its content, of the next item
  std::optional<IndexItem> ahead_;
  std::optional<bool> untouched_;  // current_
};

/// Whether it is the turn of that chunk to be read.
bool is_due(const Digest& content, std::uint64_t turn);
/// Whether all of an object that was delivered into a folder is there, and nobody touched it since. Also
/// reads what has its turn: a disk may have lost it. False also if there is no index of that object.
bool is_as_delivered(const std::string& index_path, const Digest& object, const std::string& folder);

}  // namespace dcdn::store
