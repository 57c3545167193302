#include "source/source_walk.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace dcdn::source {

namespace {

constexpr mode_t kModeBits = 07777;

Error vanished_or(const std::string& path, const char* what) {
  if (errno == ENOENT)
    return {Errc::changed, escape_for_display(path) + ": vanished while the tree was read"};
  return errno_error(errno, escape_for_display(path) + ": " + what);
}

Result<struct stat> status_of(const std::string& path, bool follow) {
  struct stat info {};
  const int failed = follow ? ::stat(path.c_str(), &info) : ::lstat(path.c_str(), &info);
  if (failed != 0) return errno_error(errno, escape_for_display(path));
  return info;
}

wire::EntryBegin begin_of(const std::string& path_in_tree, const struct stat& info) {
  wire::EntryBegin begin;
  begin.path = path_in_tree;
  begin.mode = static_cast<std::uint16_t>(info.st_mode & kModeBits);
  begin.mtime_ns = nanoseconds_of(info.st_mtim);
  return begin;
}

bool has_strange_time(const struct stat& info) {
  return nanoseconds_of(info.st_mtim) == INT64_MAX || nanoseconds_of(info.st_mtim) == INT64_MIN;
}

Result<std::vector<std::string>> sorted_names(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
  if (!dir) return vanished_or(path, "open directory");
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* item = ::readdir(dir.get())) {
    const std::string name = item->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  if (errno != 0) return errno_error(errno, escape_for_display(path) + ": read directory");
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> link_target(const std::string& path) {
  std::string target(wire::kMaxPathBytes + 1, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return vanished_or(path, "read link");
  if (static_cast<std::size_t>(length) > wire::kMaxPathBytes)
    return Error(Errc::limit, escape_for_display(path) + ": symlink target is too long");
  target.resize(static_cast<std::size_t>(length));
  return target;
}

// A link may climb with ".." only as far as the object's root.
bool stays_inside(const std::string& path_in_tree, const std::string& target) {
  if (target.empty() || target.front() == '/') return false;
  long depth = std::count(path_in_tree.begin(), path_in_tree.end(), '/');
  std::size_t at = 0;
  while (at <= target.size()) {
    const std::size_t slash = std::min(target.find('/', at), target.size());
    const std::string component = target.substr(at, slash - at);
    if (component == "..")
      --depth;
    else if (!component.empty() && component != ".")
      ++depth;
    if (depth < 0) return false;
    at = slash + 1;
  }
  return true;
}

class Walk {
 public:
  Walk(Symlinks symlinks, const EntryVisitor& visit, const SkipNote& note)
      : symlinks_(symlinks), visit_(visit), note_(note) {}

  Result<void> directory(const std::string& disk_path, const std::string& path_in_tree, std::size_t depth) {
    if (depth > wire::kMaxDepth)
      return Error(Errc::limit, escape_for_display(disk_path) + ": nested deeper than 128 directories")
          .with_hint("with --symlinks=follow a link that points upwards never ends");
    DCDN_TRY(const auto names, sorted_names(disk_path));
    for (const std::string& name : names)
      DCDN_CHECK(
          item(disk_path + "/" + name, path_in_tree.empty() ? name : path_in_tree + "/" + name, depth));
    return {};
  }

 private:
  Result<void> item(const std::string& disk_path, const std::string& path_in_tree, std::size_t depth) {
    DCDN_CHECK(wire::check_path(path_in_tree));
    struct stat info {};
    if (::lstat(disk_path.c_str(), &info) != 0) return vanished_or(disk_path, "stat");
    if (S_ISLNK(info.st_mode)) {
      if (symlinks_ == Symlinks::skip) return {};
      if (symlinks_ == Symlinks::keep) return symlink(disk_path, path_in_tree, info);
      if (::stat(disk_path.c_str(), &info) != 0) return vanished_or(disk_path, "follow link");
    }
    if (note_ && has_strange_time(info))
      note_(escape_for_display(disk_path) + ": its time is beyond the years 1677 to 2262 and is cut to them");
    SourceEntry entry{begin_of(path_in_tree, info), disk_path};
    if (S_ISREG(info.st_mode)) {
      entry.begin.kind = wire::EntryKind::file;
      entry.begin.size = static_cast<std::uint64_t>(info.st_size);
      return visit_(entry);
    }
    if (S_ISDIR(info.st_mode)) {
      entry.begin.kind = wire::EntryKind::directory;
      DCDN_CHECK(visit_(entry));
      return directory(disk_path, path_in_tree, depth + 1);
    }
    if (note_) note_(escape_for_display(disk_path) + ": skipped, not a file, directory or symlink");
    return {};
  }

  Result<void> symlink(const std::string& disk_path, const std::string& path_in_tree,
                       const struct stat& info) {
    SourceEntry entry{begin_of(path_in_tree, info), disk_path};
    entry.begin.kind = wire::EntryKind::symlink;
    entry.begin.mode = 0777;
    DCDN_TRY(entry.begin.target, link_target(disk_path));
    if (!stays_inside(path_in_tree, entry.begin.target))
      return Error(Errc::refused, escape_for_display(disk_path) + ": symlink points out of the tree, to " +
                                      escape_for_display(entry.begin.target))
          .with_hint("--symlinks=skip leaves links out, --symlinks=follow sends what they point to");
    return visit_(entry);
  }

  Symlinks symlinks_;
  const EntryVisitor& visit_;
  const SkipNote& note_;
};

}  // namespace

Result<wire::ObjectKind> kind_of_source(const std::string& path, Symlinks symlinks) {
  // A symlink named on the command line is what it points to, as with cp and tar -h; inside trees the option
  // decides.
  (void)symlinks;
  DCDN_TRY(const struct stat info, status_of(path, true));
  if (S_ISREG(info.st_mode)) return wire::ObjectKind::file;
  if (S_ISDIR(info.st_mode)) return wire::ObjectKind::tree;
  return Error(Errc::usage, escape_for_display(path) + ": is neither a file nor a directory")
      .with_hint("pipe it in: dcdn-send - DEST < " + escape_for_display(path));
}

Result<std::string> name_of_source(const std::string& path) {
  std::string name = path;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  const std::size_t slash = name.rfind('/');
  if (slash != std::string::npos) name = name.substr(slash + 1);
  if (!wire::check_name(name))
    return Error(Errc::usage, escape_for_display(path) + ": gives no name to send it under")
        .with_hint("add --name NAME");
  return name;
}

Result<void> walk_tree(const std::string& path, Symlinks symlinks, const EntryVisitor& visit,
                       const SkipNote& note) {
  return Walk(symlinks, visit, note).directory(path, "", 1);
}

Result<SourceTotals> measure_source(const std::string& path, wire::ObjectKind kind, Symlinks symlinks) {
  SourceTotals totals;
  const EntryVisitor count = [&](const SourceEntry& entry) -> Result<void> {
    ++totals.entries;
    totals.bytes += entry.begin.size.value_or(0);
    return {};
  };
  if (kind == wire::ObjectKind::tree) {
    DCDN_CHECK(walk_tree(path, symlinks, count, nullptr));
  } else {
    DCDN_TRY(const SourceEntry entry, file_entry(path));
    DCDN_CHECK(count(entry));
  }
  return totals;
}

Result<SourceEntry> top_entry(const std::string& path) {
  DCDN_TRY(const struct stat info, status_of(path, true));
  SourceEntry entry{begin_of("", info), path};
  entry.begin.kind = wire::EntryKind::directory;
  return entry;
}

Result<SourceEntry> file_entry(const std::string& path) {
  DCDN_TRY(const struct stat info, status_of(path, true));
  SourceEntry entry{begin_of("", info), path};
  entry.begin.kind = wire::EntryKind::file;
  entry.begin.size = static_cast<std::uint64_t>(info.st_size);
  return entry;
}

}  // namespace dcdn::source
