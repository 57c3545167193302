#include "store/index_match.hpp"

#include "wire/path_order.hpp"

namespace dcdn::store {

bool is_due(const Digest& content, std::uint64_t turn) {
  return Name32Hash()(content) % kIndexTurns == turn;
}

const std::optional<IndexItem>& IndexMatch::peek() {
  if (!ahead_ && !ended_) {
    ahead_ = reader_.next();
    ended_ = !ahead_;
  }
  return ahead_;
}

bool IndexMatch::next_entry() {
  for (; peek(); ahead_.reset()) {
    auto* entry = std::get_if<IndexedEntry>(&*ahead_);
    if (entry == nullptr) continue;
    current_ = std::move(*entry);
    ahead_.reset();
    at_entry_ = true;
    offset_ = 0;
    untouched_.reset();
    return true;
  }
  at_entry_ = false;
  return false;
}

bool IndexMatch::seek(const std::string& path) {
  if (!at_entry_ && !next_entry()) return false;
  while (wire::path_before(current_.path, path))
    if (!next_entry()) return false;
  return current_.path == path;
}

bool IndexMatch::is_untouched() {
  if (!untouched_) untouched_ = !current_.unsure && place_.look(current_.path) == current_.looks;
  return *untouched_;
}

bool IndexMatch::take(const wire::ChunkRecord& record) {
  const auto* chunk = peek() ? std::get_if<IndexedChunk>(&*ahead_) : nullptr;
  if (chunk == nullptr || chunk->size != record.content_size || chunk->content != record.content)
    return false;
  due_ = is_due(record.content, reader_.head().turn);
  if (due_) return false;
  offset_ += chunk->size;
  ahead_.reset();
  return true;
}

Result<bool> IndexMatch::has(const PieceOfFile& piece, const wire::ChunkRecord& record) {
  due_ = false;
  if (!seek(piece.path) || current_.looks.kind != LooksKind::file || !is_untouched()) return false;
  if (piece.whole && current_.looks.size != record.content_size) return false;
  for (; offset_ < piece.offset && peek(); ahead_.reset()) {
    const auto* chunk = std::get_if<IndexedChunk>(&*ahead_);
    const auto* hole = std::get_if<IndexedHole>(&*ahead_);
    if (chunk == nullptr && hole == nullptr) return false;
    offset_ += chunk != nullptr ? chunk->size : hole->size;
  }
  if (offset_ != piece.offset || !take(record)) return false;
  if (place_.looks().get(piece.entry) != NotedLooks{current_.looks})
    DCDN_CHECK(place_.looks().set(piece.entry, {current_.looks}));
  return true;
}

Result<bool> IndexMatch::has(const PackedFiles& pack, const wire::ChunkRecord& record) {
  due_ = false;
  std::vector<FileLooks> looks;
  for (const PackedFile& file : pack) {
    if (looks.empty() ? !seek(file.path) || !take(record) : !next_entry()) return false;
    while (current_.looks.kind != LooksKind::file || current_.looks.size == 0 || current_.former ||
           current_.link)
      if (!next_entry()) return false;
    if (current_.path != file.path || current_.looks.size != file.size || !is_untouched()) return false;
    looks.push_back(current_.looks);
  }
  for (std::size_t i = 0; i < pack.size(); ++i) DCDN_CHECK(place_.looks().set(pack[i].entry, {looks[i]}));
  return true;
}

std::optional<Digest> IndexMatch::whole(const std::string& path) {
  if (!seek(path) || !is_untouched()) return std::nullopt;
  for (; peek() && !std::holds_alternative<IndexedEntry>(*ahead_); ahead_.reset())
    if (const auto* whole = std::get_if<IndexedWhole>(&*ahead_)) return whole->content;
  return std::nullopt;
}

bool IndexMatch::is_ours(const std::string& path, const FileLooks& now) {
  return seek(path) && current_.looks == now;
}

}  // namespace dcdn::store
