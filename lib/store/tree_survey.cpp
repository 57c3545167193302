#include "store/tree_survey.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "store/merge_check.hpp"
#include "store/moving.hpp"

namespace dcdn::store {

namespace {

std::string link_at(int parent, const std::string& name) {
  std::string target(wire::kMaxPathBytes + 1, '\0');
  const ssize_t length = ::readlinkat(parent, name.c_str(), target.data(), target.size());
  target.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return target;
}

// Without data, whatever its length: a hole, or nothing at all.
bool has_no_data(int fd) {
  return ::lseek(fd, 0, SEEK_DATA) < 0 && errno == ENXIO;
}

}  // namespace

bool was_edited(Collision collision, IndexMatch* index, const std::string& path, const FileLooks& there) {
  if (there.kind == LooksKind::none || there.kind == LooksKind::directory) return false;
  return collision == Collision::update && (index == nullptr || !index->is_ours(path, there));
}

Result<void> TreeSurvey::survey(const WholeEntry& entry) {
  if (entry.left_out) return {};
  if (entry.begin.kind == wire::EntryKind::directory) return survey_folder(entry);
  if (entry.begin.kind == wire::EntryKind::hard_link) {
    // Before anything is given its name: that changes the change time of other names of a file.
    const bool edited =
        was_edited(options_.collision, index_, entry.begin.path, place_.look(entry.begin.path));
    DCDN_CHECK(place_.looks().set(entry.number, {{}, false, false, edited}));
    return survey_new(entry);
  }
  DCDN_TRY(const bool stays_here, stays(entry));
  if (stays_here) return {};
  ++to_stage_;
  return survey_new(entry);
}

Result<void> TreeSurvey::survey_folder(const WholeEntry& entry) {
  const std::string& path = entry.begin.path;
  if (path.empty()) return {};
  const auto place = folder_.find(path);
  if (!place) return place.error().code == Errc::permission ? Result<void>(place.error()) : Result<void>();
  const FileLooks there = looks_at(place->parent, place->leaf);
  if (there.kind == LooksKind::directory) return {};
  DCDN_CHECK(folder_.innermost().may_change(folder_.display(folder_part(path))));
  if (was_edited(options_.collision, index_, path, there))
    return in_the_way(folder_.display(path), "is no directory, where one should be");
  return {};
}

TreeSurvey::There TreeSurvey::look(const std::string& path) {
  There there;
  auto place = folder_.find(path);
  if (!place || ::fstatat(place->parent, place->leaf.c_str(), &there.info, AT_SYMLINK_NOFOLLOW) != 0)
    return there;
  there.place = *std::move(place);
  there.looks = looks_of(there.info);
  return there;
}

Result<bool> TreeSurvey::stays(const WholeEntry& entry) {
  const There there = look(entry.begin.path);
  const NotedLooks noted = place_.looks().get(entry.number);
  bool here = false;
  if (entry.begin.kind == wire::EntryKind::symlink) {
    here = is_same_link(entry, there);
  } else {
    DCDN_TRY(here, file_stays(entry, there, noted));
  }
  NotedLooks wanted = here ? NotedLooks{there.looks} : NotedLooks{};
  wanted.edited = was_edited(options_.collision, index_, entry.begin.path, there.looks) &&
                  !(here && looks_.has(entry.begin, there.place.parent, there.place.leaf, there.info));
  if (noted != wanted) DCDN_CHECK(place_.looks().set(entry.number, wanted));
  return here;
}

Result<bool> TreeSurvey::file_stays(const WholeEntry& entry, const There& there, const NotedLooks& noted) {
  if (noted.in_place()) {
    if (noted.looks != there.looks) {
      lost_.push_back(entry);
      return false;
    }
    if (!is_shared_and_differs(entry, there)) return true;
    DCDN_CHECK(stage_copy(entry));
    return false;
  }
  // No chunk says what is in it: nothing, or a hole.
  if (!entry.first_chunk_content.is_zero() || !entry.end.content || there.looks.kind != LooksKind::file ||
      there.looks.size != entry.end.size)
    return false;
  const auto fd = place_.open(entry.begin.path);
  return fd && has_no_data(fd->get()) && !is_shared_and_differs(entry, there);
}

bool TreeSurvey::is_same_link(const WholeEntry& entry, const There& there) {
  return there.looks.kind == LooksKind::symlink && is_time(there.looks.mtime_ns, entry.begin.mtime_ns) &&
         link_at(there.place.parent, there.place.leaf) == entry.begin.target &&
         looks_.has_extras(entry.begin, there.place.parent, there.place.leaf);
}

bool TreeSurvey::is_shared_and_differs(const WholeEntry& entry, const There& there) {
  return there.info.st_nlink > 1 &&
         !looks_.has(entry.begin, there.place.parent, there.place.leaf, there.info);
}

Result<void> TreeSurvey::stage_copy(const WholeEntry& entry) {
  const std::string& path = entry.begin.path;
  DCDN_TRY(const FolderPath::Place from, folder_.find(path));
  DCDN_TRY(const TreeRoot::Place to, staged_.find(path, Missing::make));
  DCDN_CHECK(remove_tree(to.parent, to.leaf, staged_.display(path)));
  return copy_file({from.parent, from.leaf}, {to.parent, to.leaf}, {false, {}}, folder_.display(path));
}

Result<void> TreeSurvey::survey_new(const WholeEntry& entry) {
  const std::string& path = entry.begin.path;
  const auto place = folder_.find(path);
  if (!place && place.error().code == Errc::permission) return place.error();
  count_room(entry);
  if (!place) return {};  // in a folder that will be made
  DCDN_CHECK(folder_.innermost().may_change(folder_.display(folder_part(path))));
  const Name name{place->parent, place->leaf};
  if (is_mount_point(name))
    return in_the_way(folder_.display(path), "is a mount point, where a file should be");
  if (!is_directory(name.directory, name.leaf)) return {};
  DCDN_TRY(const bool empty, is_empty_folder(name, folder_.display(path)));
  if (empty) return {};
  return in_the_way(folder_.display(path), "is a directory that is not empty, where a file should be");
}

void TreeSurvey::count_room(const WholeEntry& entry) {
  struct stat source {};
  const dev_t device = folder_.innermost().was().st_dev;
  if (::fstat(staged_.fd(), &source) != 0 || source.st_dev == device) return;
  Room& room = room_[device];
  struct statvfs system {};
  if (room.needed == 0 && ::fstatvfs(folder_.innermost().fd(), &system) == 0)
    room.free = std::uint64_t{system.f_bavail} * system.f_frsize;
  room.needed += entry.end.size;
}

Result<void> TreeSurvey::check_room() const {
  for (const auto& [device, room] : room_)
    if (room.needed > room.free) return no_room_error(folder_.display(""), room.needed, room.free);
  return {};
}

Result<void> TreeSurvey::check_link(const WholeEntry& entry, const LinkTargets& links) {
  const auto target = links.path_of(entry.file - entry.begin.back);
  if (!target) return {};
  const auto staged = staged_.find(*target, Missing::fail);
  FileLooks looks = staged ? looks_at(staged->parent, staged->leaf) : FileLooks();
  if (looks.kind != LooksKind::file) looks = place_.look(*target);
  if (looks.kind == LooksKind::file && looks.size == entry.begin.size) return {};
  return Error(Errc::corrupt, folder_.display(entry.begin.path) +
                                  ": is another name of a file that is not as long as it says");
}

}  // namespace dcdn::store
