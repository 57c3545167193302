#include "store/settler.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "store/moving.hpp"
#include "store/part_files.hpp"

namespace dcdn::store {

timespec to_timespec(std::int64_t ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t seconds = ns / kSecond;
  std::int64_t rest = ns % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  return {static_cast<time_t>(seconds), static_cast<long>(rest)};
}

unsigned wanted_mode(const wire::EntryBegin& entry, const PartObject::Options& options, unsigned umask,
                     bool owned) {
  // Set-user-id and the like would give a sender rights on this machine.
  const unsigned mode = entry.mode & (owned ? 07777u : 0777u);
  return options.preserve_modes ? mode : mode & 0777u & ~umask;
}

bool has_no_links(int reason) {
  constexpr int kNoLinks[] = {EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EXDEV};
  return std::ranges::find(kNoLinks, reason) != std::end(kNoLinks);
}

std::string copies_note(std::uint64_t copies) {
  return std::to_string(copies) + (copies == 1 ? " hard link became a copy" : " hard links became copies") +
         ": this file system has no more links";
}

Result<void> Settler::settle(const WholeEntry& entry) {
  if (entry.left_out) return remove_file(entry.begin.path);
  switch (entry.begin.kind) {
    case wire::EntryKind::file:
      return settle_file(entry);
    case wire::EntryKind::symlink:
      return settle_link(entry.begin);
    case wire::EntryKind::hard_link:
      return settle_hard_link(entry);
    case wire::EntryKind::directory:
      break;
  }
  knows_top_ = knows_top_ || entry.begin.path.empty();
  DCDN_TRY(const UniqueFd made, open_entry(entry.begin.path, Missing::make));
  directories_.push_back(dress(made.get(), entry.begin));
  return {};
}

Result<void> Settler::settle_directories() {
  for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
    DCDN_TRY(const UniqueFd fd, open_entry(entry->path, Missing::fail));
    DCDN_CHECK(set_mode_and_time(fd.get(), *entry));
  }
  if (options_.kind == wire::ObjectKind::tree && !knows_top_) {
    const unsigned mode = options_.preserve_modes ? 0700u : 0777u & ~current_umask();
    if (::fchmod(tree_.fd(), mode) != 0) return errno_error(errno, tree_.display("") + ": set mode");
  }
  return sync(tree_.fd(), tree_.display(""));
}

Result<void> Settler::settle_again(const WholeEntry& entry) {
  if (entry.begin.kind != wire::EntryKind::directory) return {};
  knows_top_ = knows_top_ || entry.begin.path.empty();
  const auto fd = open_entry(entry.begin.path, Missing::fail);
  if (!fd) return {};  // moved as a whole, as it was settled
  return set_mode_and_time(fd->get(), dress(fd->get(), entry.begin));
}

Result<UniqueFd> Settler::open_entry(const std::string& path, Missing missing) {
  DCDN_TRY(const TreeRoot::Place place, tree_.find(path.empty() ? "." : path, missing));
  return open_directory(place.parent, place.leaf, missing, tree_.display(path));
}

Result<void> Settler::settle_file(const WholeEntry& entry) {
  const std::string path = options_.kind == wire::ObjectKind::tree ? entry.begin.path : kSingleFileName;
  const std::string shown = tree_.display(path);
  DCDN_TRY(const UniqueFd fd, open_staged(tree_, path, Missing::make));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, shown);
  if (static_cast<std::uint64_t>(info.st_size) != entry.end.size &&
      ::ftruncate(fd.get(), static_cast<off_t>(entry.end.size)) != 0)
    return errno_error(errno, shown + ": set length");
  Looks looks = dress(fd.get(), entry.begin);
  looks.path = path;
  DCDN_CHECK(set_mode_and_time(fd.get(), looks));
  return note(entry, fd.get());
}

// Moved with its folder, it will look like this.
Result<void> Settler::note(const WholeEntry& entry, int fd) {
  struct stat info {};
  if (looks_log_ == nullptr || ::fstat(fd, &info) != 0) return {};
  return looks_log_->set(entry.number, {looks_of(info), true, false});
}

Result<void> Settler::finish_file(int fd, const wire::EntryBegin& entry) {
  return set_mode_and_time(fd, dress(fd, entry));
}

// What came of it before its sender could not read on.
Result<void> Settler::remove_file(const std::string& path) {
  const auto place = tree_.find(path, Missing::fail);
  if (!place) return {};
  return remove_tree(place->parent, place->leaf, tree_.display(path));
}

Result<void> Settler::settle_link(const wire::EntryBegin& entry) {
  const std::string shown = tree_.display(entry.path);
  DCDN_TRY(const TreeRoot::Place place, tree_.find(entry.path, Missing::make));
  if (::symlinkat(entry.target.c_str(), place.parent, place.leaf.c_str()) != 0) {
    // A finalize that was cut short made it already, or took the permission away to make it.
    ::fchmod(place.parent, 0700);
    ::unlinkat(place.parent, place.leaf.c_str(), 0);
    if (::symlinkat(entry.target.c_str(), place.parent, place.leaf.c_str()) != 0)
      return errno_error(errno, shown + ": make link");
  }
  const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(entry.mtime_ns)};
  extras_.set_named(place.parent, place.leaf, entry.extras, shown);
  ::utimensat(place.parent, place.leaf.c_str(), times, AT_SYMLINK_NOFOLLOW);  // not every file system can
  return {};
}

// The file that it names has all that it is to have by now.
Result<void> Settler::settle_hard_link(const WholeEntry& entry) {
  const std::string& path = entry.begin.path;
  const std::string shown = tree_.display(path);
  const auto target = links_.path_of(entry.file - entry.begin.back);
  if (!target) return remove_file(path);  // its sender gave that up
  TreeRoot beside(UniqueFd(::fcntl(tree_.fd(), F_DUPFD_CLOEXEC, 0)), "");
  DCDN_TRY(const TreeRoot::Place from, beside.find(*target, Missing::fail));
  DCDN_TRY(const TreeRoot::Place to, tree_.find(path, Missing::make));
  struct stat info {};
  if (::fstatat(from.parent, from.leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(errno, shown + ": the file that it is another name of");
  if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) != entry.begin.size)
    return Error(Errc::corrupt, shown + ": is another name of a file that is not as long as it says");
  const auto link = [&] { return ::linkat(from.parent, from.leaf.c_str(), to.parent, to.leaf.c_str(), 0); };
  if (link() == 0) return {};
  if (errno == EEXIST || errno == EACCES) {
    // A finalize that was cut short made it already, or took the permission away to make it.
    ::fchmod(to.parent, 0700);
    ::unlinkat(to.parent, to.leaf.c_str(), 0);
    if (link() == 0) return {};
  }
  if (!has_no_links(errno)) return errno_error(errno, shown + ": link");
  return copy_instead(from, to, shown);
}

Result<void> Settler::copy_instead(const TreeRoot::Place& from, const TreeRoot::Place& to,
                                   const std::string& shown) {
  ++copies_;
  (void)!::unlinkat(to.parent, to.leaf.c_str(), 0);
  return copy_file({from.parent, from.leaf}, {to.parent, to.leaf}, {sync_each_, options_.kept}, shown);
}

Settler::Looks Settler::dress(int fd, const wire::EntryBegin& entry) {
  const bool owned = extras_.set(fd, entry.extras, tree_.display(entry.path));
  const unsigned umask = options_.preserve_modes ? 0 : current_umask();
  return {entry.path, wanted_mode(entry, options_, umask, owned), entry.mtime_ns};
}

Result<void> Settler::set_mode_and_time(int fd, const Looks& looks) {
  const std::string shown = tree_.display(looks.path);
  if (::fchmod(fd, looks.mode) != 0) return errno_error(errno, shown + ": set mode");
  const timespec times[2] = {{0, UTIME_OMIT}, to_timespec(looks.mtime_ns)};
  if (options_.kind != wire::ObjectKind::stream && ::futimens(fd, times) != 0)
    return errno_error(errno, shown + ": set time");
  return sync(fd, shown);
}

std::vector<std::string> Settler::notes() const {
  std::vector<std::string> notes = extras_.notes();
  if (copies_ > 0) notes.push_back(copies_note(copies_));
  return notes;
}

Result<void> Settler::sync(int fd, const std::string& shown) {
  if (!sync_each_ || ::fsync(fd) == 0) return {};
  sync_failed_ = true;
  return errno_error(errno, shown + ": fsync");
}

}  // namespace dcdn::store
