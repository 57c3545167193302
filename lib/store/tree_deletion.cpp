#include "store/tree_deletion.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ranges>

#include "store/merge_check.hpp"
#include "store/noted_looks.hpp"
#include "store/tree_access.hpp"
#include "wire/path_order.hpp"

namespace dcdn::store {

namespace {

// Fewer may always go.
constexpr std::uint64_t kFewEntries = 100;

std::string entries_words(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

}  // namespace

Result<void> TreeDeletion::run(std::uint64_t left_out,
                               const std::function<void(const std::string&)>& changed) {
  if (options_.deletes == DeleteWhat::none) {
    notes_.emplace_back("its sender wants deleted what it does not have any more; --allow-delete does that");
    return {};
  }
  DCDN_CHECK(for_each([this](const Candidate&) -> Result<void> {
    ++count_.going;
    return {};
  }));
  if (count_.edited > 0)
    notes_.push_back(entries_words(count_.edited) + " that its sender does not have any more " +
                     (count_.edited == 1 ? "was" : "were") + " edited here and kept: " +
                     folder_.display(count_.first_edited) + (count_.edited > 1 ? " and others" : ""));
  if (count_.going == 0) return {};
  if (const std::string why = refusal(left_out); !why.empty()) {
    notes_.push_back("nothing was deleted: " + why);
    return {};
  }
  std::vector<std::string> folders;
  DCDN_CHECK(for_each([&](const Candidate& candidate) -> Result<void> {
    changed(folder_part(candidate.path));
    if (!candidate.folder) return remove(candidate);
    folders.push_back(candidate.path);
    return {};
  }));
  for (const std::string& path : std::views::reverse(folders)) DCDN_CHECK(remove({path, true}));
  if (removed_ > 0)
    notes_.push_back(entries_words(removed_) + " deleted that its sender does not have any more");
  return {};
}

std::string TreeDeletion::refusal(std::uint64_t left_out) const {
  if (left_out > 0) return "its sender could not read all of the tree";
  if (sent_ == 0) return "the tree that came is empty";
  const std::string much = std::to_string(count_.going) + " of " + entries_words(count_.all) + " would go";
  if (options_.max_delete)
    return count_.going > *options_.max_delete ? much + ", more than --max-delete allows" : std::string();
  if (count_.going <= kFewEntries || count_.going <= count_.all / 2) return {};
  return much + "; --max-delete " + std::to_string(count_.going) + " allows that";
}

Result<void> TreeDeletion::for_each(const Visit& visit) {
  sent_ = 0;
  count_.all = 0;
  count_.edited = 0;
  last_sent_.clear();
  any_sent_ = true;
  EntryReader entries(log_);
  if (options_.deletes == DeleteWhat::delivered) {
    DCDN_CHECK(for_each_delivered(visit));
  } else {
    DCDN_CHECK(for_each_below("", entries, visit));
  }
  return {};
}

Result<bool> TreeDeletion::is_sent(const std::string& path, EntryReader& entries) {
  while (any_sent_ && (last_sent_.empty() || wire::path_before(last_sent_, path))) {
    DCDN_TRY(const WholeEntry* entry, entries.next());
    any_sent_ = entry != nullptr;
    if (entry == nullptr) break;
    last_sent_ = entry->begin.path;
    sent_ += last_sent_.empty() ? 0 : 1;
  }
  return any_sent_ && last_sent_ == path;
}

// A file of several names got another change time if it lost one of them here just now.
bool TreeDeletion::is_untouched(const FileLooks& noted, const FileLooks& now) const {
  FileLooks before = now;
  if (now.ctime_ns >= since_ns_) before.ctime_ns = noted.ctime_ns;
  return before == noted;
}

void TreeDeletion::note_edited(const std::string& path) {
  if (count_.edited++ == 0) count_.first_edited = path;
}

Result<void> TreeDeletion::for_each_delivered(const Visit& visit) {
  auto reader = options_.index_path.empty() ? std::nullopt : IndexReader::open(options_.index_path);
  if (!reader) return {};
  EntryReader entries(log_);
  while (const auto item = reader->next()) {
    const auto* entry = std::get_if<IndexedEntry>(&*item);
    if (entry == nullptr || entry->path.empty()) continue;
    ++count_.all;
    DCDN_TRY(const bool sent, is_sent(entry->path, entries));
    if (sent) continue;
    const auto place = folder_.find(entry->path);
    const FileLooks now = place ? looks_at(place->parent, place->leaf) : FileLooks();
    const bool folder = entry->looks.kind == LooksKind::directory;
    if (now.kind == LooksKind::none) continue;
    if (folder ? now.kind == LooksKind::directory : is_untouched(entry->looks, now)) {
      DCDN_CHECK(visit({entry->path, folder}));
    } else {
      note_edited(entry->path);
    }
  }
  DCDN_TRY(const bool more, is_sent("\xff", entries));  // so that all are counted
  (void)more;
  return reader->intact() ? Result<void>() : Error(Errc::io, options_.index_path + ": read");
}

Result<void> TreeDeletion::for_each_below(const std::string& folder, EntryReader& entries,
                                          const Visit& visit) {
  DCDN_TRY(const FolderPath::Place inside, folder_.find(folder.empty() ? "." : folder + "/."));
  DCDN_TRY(auto names, list_names(inside.parent, folder_.display(folder)));
  std::ranges::sort(names);
  for (const std::string& name : names) {
    const std::string path = folder.empty() ? name : folder + "/" + name;
    ++count_.all;
    DCDN_TRY(const bool sent, is_sent(path, entries));
    DCDN_TRY(const FolderPath::Place place, folder_.find(path));
    const bool is_folder = is_directory(place.parent, place.leaf);
    const bool mounted = is_mount_point({place.parent, place.leaf});
    if (!sent && !mounted) DCDN_CHECK(visit({path, is_folder}));
    if (is_folder && !mounted) DCDN_CHECK(for_each_below(path, entries, visit));
  }
  if (folder.empty()) {
    DCDN_TRY(const bool more, is_sent("\xff", entries));
    (void)more;
  }
  return {};
}

// What is gone already was removed by a process before this one, or by somebody else. A folder in which
// something else is stays.
Result<void> TreeDeletion::remove(const Candidate& candidate) {
  const auto place = folder_.find(candidate.path);
  if (!place) return {};
  if (::unlinkat(place->parent, place->leaf.c_str(), candidate.folder ? AT_REMOVEDIR : 0) == 0) {
    ++removed_;
    return {};
  }
  if (errno == ENOENT || (candidate.folder && (errno == ENOTEMPTY || errno == EEXIST))) return {};
  return errno_error(errno, folder_.display(candidate.path) + ": delete");
}

}  // namespace dcdn::store
