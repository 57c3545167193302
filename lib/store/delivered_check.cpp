// is_as_delivered() of index_match.hpp: what lies in a folder against the index of its delivery.
#include <fcntl.h>

#include <algorithm>

#include "digest/hasher.hpp"
#include "store/index_match.hpp"

namespace dcdn::store {

namespace {

constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

class DeliveredCheck {
 public:
  DeliveredCheck(IndexReader& reader, FolderPath& folder) : reader_(reader), folder_(folder) {}

  bool all() {
    while (const auto item = reader_.next()) {
      const auto* entry = std::get_if<IndexedEntry>(&*item);
      const auto* chunk = std::get_if<IndexedChunk>(&*item);
      const auto* hole = std::get_if<IndexedHole>(&*item);
      if (entry != nullptr && !entry->former && !begin(*entry)) return false;
      if (chunk != nullptr && !begin(*chunk)) return false;
      if (hole != nullptr) offset_ += hole->size;
    }
    return reader_.intact();
  }

 private:
  bool begin(const IndexedEntry& entry) {
    if (entry.path.empty()) return true;
    const auto place = folder_.find(entry.path);
    if (!place) return false;
    const FileLooks now = looks_at(place->parent, place->leaf);
    if (entry.looks.kind == LooksKind::directory) return now.kind == LooksKind::directory;
    if (now != entry.looks) return false;
    if (entry.looks.kind != LooksKind::file || entry.link) return true;
    path_ = entry.path;
    offset_ = 0;
    size_ = entry.looks.size;
    return left_ == 0 || read(std::min<std::uint64_t>(left_, size_));
  }
  // Of a pack, the files that follow bring the rest.
  bool begin(const IndexedChunk& chunk) {
    chunk_ = chunk;
    due_ = is_due(chunk.content, reader_.head().turn);
    hasher_ = digest::Hasher();
    left_ = chunk.size;
    return read(std::min<std::uint64_t>(left_, size_ - std::min(offset_, size_)));
  }
  bool read(std::uint64_t bytes) {
    left_ -= bytes;
    const std::uint64_t at = offset_;
    offset_ += bytes;
    if (!due_ || bytes == 0) return true;
    const auto place = folder_.find(path_);
    const UniqueFd fd(place ? ::openat(place->parent, place->leaf.c_str(), kRead) : -1);
    Bytes content(static_cast<std::size_t>(bytes));
    const auto got =
        fd.valid() ? read_full_at(fd.get(), content, at, path_) : Result<std::size_t>(std::size_t{0});
    if (!got || *got != content.size()) return false;
    hasher_.update(content);
    return left_ > 0 || hasher_.digest() == chunk_.content;
  }

  IndexReader& reader_;
  FolderPath& folder_;
  std::string path_;  // the file whose content comes now
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
  IndexedChunk chunk_;
  std::uint64_t left_ = 0;  // of it
  bool due_ = false;
  digest::Hasher hasher_;
};

}  // namespace

bool is_as_delivered(const std::string& index_path, const Digest& object, const std::string& folder) {
  auto reader = IndexReader::open(index_path);
  if (!reader || reader->head().object != object) return false;
  auto opened = FolderPath::open(AT_FDCWD, folder, folder, OpenFor::reading);
  if (!opened || !DeliveredCheck(*reader, *opened).all()) return false;
  advance_turn(index_path);
  return true;
}

}  // namespace dcdn::store
