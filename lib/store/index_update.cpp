#include "store/index_update.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "base/clock.hpp"
#include "wire/path_order.hpp"

namespace dcdn::store {

// That one was given up is known at its end.
Result<void> IndexUpdate::find_given_up(const ManifestLog& log) {
  std::uint64_t entries = 0;
  bool in_file = false;
  DCDN_TRY(const std::uint64_t read,
           log.replay([&](const wire::Segment& segment, const Digest&) -> Result<bool> {
             for (const wire::Record& record : segment.records) {
               if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
                 ++entries;
                 in_file = begin->kind == wire::EntryKind::file;
               } else if (std::holds_alternative<wire::EntryEnd>(record)) {
                 in_file = false;
               } else if (std::holds_alternative<wire::LeftOut>(record) && std::exchange(in_file, false)) {
                 given_up_.insert(entries - 1);
               }
             }
             return true;
           }));
  (void)read;
  return {};
}

Result<void> IndexUpdate::write(const ManifestLog& log, const Digest& object, std::uint64_t left_out) {
  if (left_out > 0) DCDN_CHECK(find_given_up(log));
  earlier_ = IndexReader::open(path_);
  const std::uint64_t turn = earlier_ ? (earlier_->head().turn + 1) % kIndexTurns : 0;
  DCDN_CHECK(make_directories(folder_of(path_), 0700));
  DCDN_TRY(IndexWriter writer, IndexWriter::create(path_, {object, turn}));
  writer_.emplace(std::move(writer));
  next_former();
  DCDN_TRY(const std::uint64_t read,
           log.replay([&](const wire::Segment& segment, const Digest&) -> Result<bool> {
             for (const wire::Record& record : segment.records) DCDN_CHECK(add(record));
             return true;
           }));
  (void)read;
  DCDN_CHECK(add_former({}));
  DCDN_CHECK(writer_->finish());
  prune_indexes(folder_of(path_));
  return {};
}

Result<void> IndexUpdate::add(const wire::Record& record) {
  if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) return add_entry(*begin);
  if (in_given_up_) return {};
  if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record))
    return writer_->add(IndexedChunk{chunk->content_size, chunk->content});
  if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) return writer_->add(IndexedHole{hole->size});
  const auto* end = std::get_if<wire::EntryEnd>(&record);
  return end != nullptr && end->content ? writer_->add(IndexedWhole{*end->content}) : Result<void>();
}

Result<void> IndexUpdate::add_entry(const wire::EntryBegin& begin) {
  const std::uint64_t number = entries_++;
  in_given_up_ = given_up_.contains(number);
  if (in_given_up_) return {};
  if (!begin.path.empty()) DCDN_CHECK(add_former(begin.path));
  IndexedEntry entry;
  entry.path = begin.path;
  const NotedLooks noted = looks_.get(number);
  entry.looks = noted.looks;
  entry.unsure = noted.unsure;
  entry.link = begin.kind == wire::EntryKind::hard_link;
  if (begin.kind == wire::EntryKind::directory) {
    entry.looks = FileLooks();
    entry.looks.kind = LooksKind::directory;
    return writer_->add(entry);
  }
  // What was moved with its folder, and is no file of its own, nobody looked at.
  const bool moved = begin.kind != wire::EntryKind::file && noted.looks.kind == LooksKind::none && whole_;
  if (moved) entry.looks = look(begin.path);
  look_again(entry);
  if (noted.edited || entry.looks.kind == LooksKind::none || entry.looks.kind == LooksKind::other) {
    // Not ours, or nobody knows: nothing is like this.
    entry.looks = FileLooks();
    entry.looks.kind = LooksKind::file;
    entry.unsure = true;
  }
  return writer_->add(entry);
}

// Names that it was given or lost meanwhile changed the change time of a file of several; else it must look
// as noted.
void IndexUpdate::look_again(IndexedEntry& entry) {
  const auto now = static_cast<std::int64_t>(now_unix_s() * 1e9);
  const auto place = folder_.find(entry.path);
  struct stat info {};
  if (!place || ::fstatat(place->parent, place->leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    entry.unsure = true;
    return;
  }
  FileLooks there = looks_of(info);
  if (info.st_nlink > 1) {
    const std::int64_t noted = std::exchange(entry.looks.ctime_ns, there.ctime_ns);
    if (entry.looks != there) entry.looks.ctime_ns = noted;
  }
  entry.unsure = entry.unsure || entry.looks != there || is_fresh(entry.looks, now);
}

void IndexUpdate::next_former() {
  former_.reset();
  while (earlier_ && !former_) {
    auto item = earlier_->next();
    if (!item) return earlier_.reset();
    if (auto* entry = std::get_if<IndexedEntry>(&*item)) former_ = std::move(*entry);
  }
}

// Those that come before a path and are not in the object any more, if they are there as they were.
Result<void> IndexUpdate::add_former(const std::string& before) {
  for (; former_ && (before.empty() || wire::path_before(former_->path, before)); next_former()) {
    if (former_->path.empty()) continue;
    const FileLooks now = look(former_->path);
    const bool folder = former_->looks.kind == LooksKind::directory && now.kind == LooksKind::directory;
    if (!folder && now != former_->looks) continue;
    former_->former = true;
    DCDN_CHECK(writer_->add(*former_));
  }
  if (former_ && former_->path == before) next_former();
  return {};
}

FileLooks IndexUpdate::look(const std::string& path) {
  const auto place = folder_.find(path);
  return place ? looks_at(place->parent, place->leaf) : FileLooks();
}

}  // namespace dcdn::store
