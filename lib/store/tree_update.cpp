#include "store/tree_update.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "store/merge_check.hpp"
#include "store/settler.hpp"
#include "store/tree_survey.hpp"

namespace dcdn::store {

namespace {

// Up to so many files and folders are fsynced one by one; beyond, one sync of the file system costs less.
constexpr std::size_t kFewChanges = 16;
constexpr std::uint64_t kAskEvery = 64;  // entries, whether it is time to stop
constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

}  // namespace

Result<void> TreeUpdate::publish(const WholeEntry& entry) {
  if (entry.left_out) return {};
  if (++published_ % kAskEvery == 0 && options_.stopped())
    return Error(Errc::interrupted, folder_.display("") + ": interrupted; the next run goes on");
  if (entry.begin.kind == wire::EntryKind::directory) return make_folder(entry.begin.path);
  if (entry.begin.kind == wire::EntryKind::hard_link) return link(entry);
  const NotedLooks noted = place_.looks().get(entry.number);
  return noted.in_place() ? look_like(entry, noted) : give(entry);
}

Result<void> TreeUpdate::make_folder(const std::string& path) {
  if (path.empty()) return {};
  DCDN_TRY(const FolderPath::Place place, folder_.find(path));
  const LooksKind there = looks_at(place.parent, place.leaf).kind;
  if (there == LooksKind::directory) return {};
  if (there != LooksKind::none && ::unlinkat(place.parent, place.leaf.c_str(), 0) != 0)
    return errno_error(errno, folder_.display(path) + ": replace");
  if (::mkdirat(place.parent, place.leaf.c_str(), 0700) != 0)
    return errno_error(errno, folder_.display(path) + ": make directory");
  changed(folder_part(path));
  changed(path);
  return {};
}

Result<void> TreeUpdate::keep(const std::string& path) {
  if (kept_++ == 0) first_kept_ = path;
  return {};
}

Result<void> TreeUpdate::give(const WholeEntry& entry) {
  const std::string& path = entry.begin.path;
  const auto from = staged_.find(path, Missing::fail);
  DCDN_TRY(const FolderPath::Place to, folder_.find(path));
  const FileLooks there = looks_at(to.parent, to.leaf);
  if (!from || !is_there(from->parent, from->leaf))  // an earlier process gave it its name
    return place_.looks().set(entry.number, {there, false, true});
  if (place_.looks().get(entry.number).edited) return keep(path);
  DCDN_CHECK(make_room(path, to, there));
  DCDN_TRY(const int reason, move_to({from->parent, from->leaf}, {to.parent, to.leaf}, Replace::yes,
                                     {options_.fsync, options_.kept}, folder_.display(path)));
  if (reason != 0) return errno_error(reason, folder_.display(path) + ": move into place");
  return place_.looks().set(entry.number, {looks_at(to.parent, to.leaf)});
}

// A folder that is empty gives way.
Result<void> TreeUpdate::make_room(const std::string& path, const FolderPath::Place& to,
                                   const FileLooks& there) {
  changed(folder_part(path));
  elsewhere_ = elsewhere_ || folder_.innermost().was().st_dev != folder_.top().was().st_dev;
  if (there.kind == LooksKind::directory && ::unlinkat(to.parent, to.leaf.c_str(), AT_REMOVEDIR) != 0)
    return in_the_way(folder_.display(path), "is a directory that is not empty, where a file should be");
  return {};
}

Result<FolderPath*> TreeUpdate::folder_of_targets() {
  if (!targets_) {
    DCDN_TRY(FolderPath again, FolderPath::open(folder_.root(), ".", folder_.display(""), OpenFor::reading));
    targets_.emplace(std::move(again));
  }
  return &*targets_;
}

// The file that it names has its own name by now.
Result<void> TreeUpdate::link(const WholeEntry& entry) {
  const std::string& path = entry.begin.path;
  const auto target = links_.path_of(entry.file - entry.begin.back);
  if (!target) return {};  // its sender gave that up
  DCDN_TRY(FolderPath * targets, folder_of_targets());
  DCDN_TRY(const FolderPath::Place from, targets->find(*target));
  DCDN_TRY(const FolderPath::Place to, folder_.find(path));
  const FileLooks file = looks_at(from.parent, from.leaf);
  const FileLooks there = looks_at(to.parent, to.leaf);
  if (there.kind == LooksKind::file && there.inode == file.inode)
    return place_.looks().set(entry.number, {there});
  const bool other = file.kind != LooksKind::file || file.size != entry.begin.size;
  if (other || place_.looks().get(entry.number).edited) return keep(path);
  DCDN_CHECK(make_room(path, to, there));
  DCDN_CHECK(link_to({from.parent, from.leaf}, {to.parent, to.leaf}, folder_.display(path)));
  return place_.looks().set(entry.number, {looks_at(to.parent, to.leaf)});
}

// Where something is, by way of a name beside it: there is no call that replaces a name by a link.
Result<void> TreeUpdate::link_to(const Name& from, const Name& to, const std::string& shown) {
  if (::linkat(from.directory, from.leaf.c_str(), to.directory, to.leaf.c_str(), 0) == 0) return {};
  DCDN_CHECK(remove_tree(to.directory, kBesideName, shown));
  if (::linkat(from.directory, from.leaf.c_str(), to.directory, kBesideName, 0) != 0) {
    if (!has_no_links(errno)) return errno_error(errno, shown + ": link");
    ++copies_;
    DCDN_CHECK(copy_file(from, {to.directory, kBesideName}, {options_.fsync, options_.kept}, shown));
  }
  if (::renameat(to.directory, kBesideName, to.directory, to.leaf.c_str()) == 0) return {};
  const int reason = errno;
  ::unlinkat(to.directory, kBesideName, 0);
  return errno_error(reason, shown + ": move into place");
}

// What stays has the content that came; its mode and time may be others.
Result<void> TreeUpdate::look_like(const WholeEntry& entry, const NotedLooks& noted) {
  if (entry.begin.kind != wire::EntryKind::file) return {};
  const std::string& path = entry.begin.path;
  DCDN_TRY(const FolderPath::Place place, folder_.find(path));
  struct stat info {};
  if (::fstatat(place.parent, place.leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
    return {};  // somebody took it away after it had been looked at
  if (looks_.has(entry.begin, place.parent, place.leaf, info)) return {};
  if (noted.edited) return {};
  // If this is the last that this process does, the change time is another than the one that was noted.
  DCDN_CHECK(place_.looks().set(entry.number, {noted.looks, false, true}));
  const int reason = looks_.set(entry.begin, place.parent, place.leaf, folder_.display(path));
  if (reason != 0) return errno_error(reason, folder_.display(path) + ": set mode and time");
  changed(path);
  const bool same_content = !noted.unsure && noted.looks == looks_of(info);
  return place_.looks().set(entry.number, {looks_at(place.parent, place.leaf), false, !same_content});
}

Result<void> TreeUpdate::finish_folder(const WholeEntry& entry) {
  if (entry.begin.kind != wire::EntryKind::directory || entry.left_out) return {};
  const std::string& path = entry.begin.path;
  DCDN_TRY(const FolderPath::Place place, folder_.find(path.empty() ? "." : path));
  if (path.empty()) folder_.top().keep_mode();
  struct stat info {};
  if (::fstatat(place.parent, place.leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(errno, folder_.display(path) + ": stat");
  if (looks_.has(entry.begin, place.parent, place.leaf, info)) return {};
  const int reason = looks_.set(entry.begin, place.parent, place.leaf, folder_.display(path));
  if (reason != 0) return errno_error(reason, folder_.display(path) + ": set mode and time");
  changed(path);
  return {};
}

void TreeUpdate::changed(const std::string& path) {
  if (many_changed_) return;
  changed_.insert(path);
  many_changed_ = changed_.size() > kFewChanges;
}

Result<void> TreeUpdate::sync() {
  if (!options_.fsync) return {};
  if (elsewhere_) ::sync();  // what is mounted below: whatever that is
  if (!many_changed_ && !place_.maybe_unsynced()) return sync_each();
  if (::syncfs(folder_.root()) != 0) return errno_error(errno, folder_.display("") + ": syncfs");
  return {};
}

Result<void> TreeUpdate::sync_each() {
  for (const std::string& path : changed_) {
    DCDN_TRY(const FolderPath::Place place, folder_.find(path.empty() ? "." : path));
    const UniqueFd fd(::openat(place.parent, place.leaf.c_str(), kRead));
    if (fd.valid() && ::fsync(fd.get()) == 0) continue;
    // One that may not be read: all of the file system then.
    if (fd.valid() || ::syncfs(folder_.root()) != 0)
      return errno_error(errno, folder_.display(path) + ": fsync");
  }
  return {};
}

std::vector<std::string> TreeUpdate::notes() const {
  std::vector<std::string> notes = looks_.notes();
  if (copies_ > 0) notes.push_back(copies_note(copies_));
  return notes;
}

}  // namespace dcdn::store
