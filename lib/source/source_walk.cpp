#include "source/source_walk.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "source/hard_links.hpp"
#include "source/source_file.hpp"
#include "source/source_index.hpp"

namespace dcdn::source {

namespace {

constexpr mode_t kModeBits = 07777;
constexpr int kReadFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr std::uint64_t kLeastHoles = 64u << 10;  // less is not worth asking a file for

std::uint64_t unstored_of(const struct stat& info) {
  constexpr std::uint64_t kBlock = 512;  // stat(3type)
  const auto size = static_cast<std::uint64_t>(info.st_size);
  return size - std::min(size, static_cast<std::uint64_t>(info.st_blocks) * kBlock);
}

Error vanished_or(const std::string& path, const char* what) {
  if (errno == ENOENT)
    return {Errc::changed, escape_for_display(path) + ": vanished while the tree was read"};
  return errno_error(errno, escape_for_display(path) + ": " + what);
}

Result<struct stat> status_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error(errno, escape_for_display(path));
  return info;
}

void note_status(SourceEntry& entry, const struct stat& info) {
  entry.mark = FileMark(info);
  entry.look = look_of(info);
  entry.names = info.st_nlink;
  entry.uid = info.st_uid;
  entry.gid = info.st_gid;
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

// A directory that is being walked.
struct Folder {
  int fd = -1;
  std::string disk_path;
  std::string path;  // in the tree; empty: its top
  const Folder* above = nullptr;
  FileMark mark;
  bool listed = false;  // only what the selection names is looked for
  [[nodiscard]] std::string path_of(const std::string& name) const {
    return path.empty() ? name : path + "/" + name;
  }
  [[nodiscard]] std::string disk_path_of(const std::string& name) const { return disk_path + "/" + name; }
};

struct Listing {
  std::vector<std::string> names;  // sorted
  std::optional<Error> missing;    // why some are not among them
};

// `fd` is the directory's, and read from only once.
Result<Listing> list(const UniqueFd& fd, const std::string& disk_path) {
  UniqueFd own(::openat(fd.get(), ".", kReadFolder));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(own.valid() ? ::fdopendir(own.get()) : nullptr,
                                                   [](DIR* open) { return ::closedir(open); });
  if (!stream) return errno_error(errno, escape_for_display(disk_path) + ": read directory");
  (void)own.release();  // the stream's now
  Listing listing;
  errno = 0;
  while (const dirent* item = ::readdir(stream.get())) {
    const std::string name = item->d_name;
    if (name != "." && name != "..") listing.names.push_back(name);
    errno = 0;
  }
  if (errno != 0) listing.missing = errno_error(errno, escape_for_display(disk_path) + ": read directory");
  std::sort(listing.names.begin(), listing.names.end());
  return listing;
}

class Walk {
 public:
  Walk(const WalkRules& rules, const WalkVisitor& visitor) : rules_(rules), visitor_(visitor) {}

  Result<void> top(const std::string& disk_path) {
    const UniqueFd fd(::open(disk_path.c_str(), kReadFolder));
    struct stat info {};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0)
      return errno_error(errno, escape_for_display(disk_path) + ": open directory");
    const Folder folder{fd.get(), disk_path, "", nullptr, FileMark(info)};
    DCDN_TRY(Listing listing, list(fd, disk_path));
    return inside(folder, std::move(listing));
  }

 private:
  Result<void> inside(Folder folder, Listing listing) {
    if (auto wanted = rules_.selection ? rules_.selection->names_in(folder.path) : std::nullopt) {
      listing = {*std::move(wanted), std::nullopt};
      folder.listed = true;
    }
    leave_out_unspeakable(folder, listing);
    if (listing.missing) DCDN_CHECK(leave_out(folder.path, *listing.missing));
    for (const std::string& name : listing.names) DCDN_CHECK(item(folder, name));
    return {};
  }

  // What no manifest can name.
  static void leave_out_unspeakable(const Folder& folder, Listing& listing) {
    const auto unspeakable = [&](const std::string& name) { return !wire::check_path(folder.path_of(name)); };
    const std::size_t all = listing.names.size();
    const auto first = std::find_if(listing.names.begin(), listing.names.end(), unspeakable);
    if (first == listing.names.end()) return;
    const std::string shown = escape_for_display(folder.disk_path_of(*first));
    std::erase_if(listing.names, unspeakable);
    const std::size_t others = all - listing.names.size() - 1;
    listing.missing =
        Error(Errc::limit, shown + (others > 0 ? " and " + std::to_string(others) + " more" : "") +
                               ": nested deeper than 128 directories, or a path of more than 4096 bytes")
            .with_hint("send what is so deep as an object of its own");
  }

  // It costs only itself, unless all or nothing was asked for.
  Result<void> leave_out(const std::string& path, const Error& why) {
    if (rules_.strict) return why;
    return visitor_.left_out ? visitor_.left_out(path, why) : Result<void>();
  }

  Result<void> item(const Folder& folder, const std::string& name) {
    const std::string path = folder.path_of(name);
    const std::string disk_path = folder.disk_path_of(name);
    struct stat info {};
    if (::fstatat(folder.fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return absent(path, disk_path, folder.listed);
    const bool link = S_ISLNK(info.st_mode);
    if (excluded(path, S_ISDIR(info.st_mode))) return {};
    if (link && rules_.symlinks == Symlinks::skip) return {};
    const bool follow = link && rules_.symlinks == Symlinks::follow;
    if (link && !follow) return symlink(folder, name, info);
    if (follow && ::fstatat(folder.fd, name.c_str(), &info, 0) != 0)
      return leave_out(path, vanished_or(disk_path, "follow link"));
    if (follow && excluded(path, S_ISDIR(info.st_mode))) return {};
    if (S_ISDIR(info.st_mode)) return directory(folder, name, follow);
    if (S_ISREG(info.st_mode)) return file(folder, name, info, follow);
    note(disk_path, "skipped, not a file, directory or symlink");
    return {};
  }

  [[nodiscard]] bool excluded(const std::string& path, bool directory) const {
    return rules_.selection && rules_.selection->excludes(path, directory);
  }

  Result<void> absent(const std::string& path, const std::string& disk_path, bool listed) {
    if (errno == ENOENT && listed)
      return leave_out(path,
                       Error(Errc::not_found, escape_for_display(disk_path) + ": is listed and not there"));
    return leave_out(path, vanished_or(disk_path, "stat"));
  }

  Result<void> file(const Folder& folder, const std::string& name, const struct stat& info, bool follow) {
    SourceEntry entry = entry_at(folder, name, info);
    DCDN_TRY(const bool wanted, is_wanted(entry));
    if (!wanted) return {};
    entry.begin.kind = wire::EntryKind::file;
    entry.begin.size = static_cast<std::uint64_t>(info.st_size);
    entry.unstored = unstored_of(info);
    entry.may_follow = follow;
    note_strange_time(entry, visitor_.note);
    return visitor_.entry(entry);
  }

  Result<void> directory(const Folder& above, const std::string& name, bool follow) {
    const std::string path = above.path_of(name);
    const std::string disk_path = above.disk_path_of(name);
    const UniqueFd fd(::openat(above.fd, name.c_str(), follow ? kReadFolder : kReadFolder | O_NOFOLLOW));
    struct stat info {};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0)
      return leave_out(path, errno == ELOOP || errno == ENOTDIR ? replaced(disk_path)
                                                                : vanished_or(disk_path, "open directory"));
    const Folder folder{fd.get(), disk_path, path, &above, FileMark(info)};
    for (const Folder* one = &above; one != nullptr; one = one->above)
      if (one->mark == folder.mark)
        return leave_out(path, Error(Errc::limit, escape_for_display(disk_path) +
                                                      ": leads back to a directory that it is in"));
    auto listing = list(fd, disk_path);
    if (!listing) return leave_out(path, listing.error());
    SourceEntry entry = entry_at(above, name, info);
    entry.begin.kind = wire::EntryKind::directory;
    entry.opened = fd.get();
    note_strange_time(entry, visitor_.note);
    DCDN_CHECK(visitor_.entry(entry));
    return inside(folder, *std::move(listing));
  }

  Result<void> symlink(const Folder& folder, const std::string& name, const struct stat& info) {
    SourceEntry entry = entry_at(folder, name, info);
    DCDN_TRY(const bool wanted, is_wanted(entry));
    if (!wanted) return {};
    entry.begin.kind = wire::EntryKind::symlink;
    entry.begin.mode = 0777;
    std::string target(wire::kMaxPathBytes + 1, '\0');
    const ssize_t length = ::readlinkat(folder.fd, name.c_str(), target.data(), target.size());
    if (length < 0)
      return leave_out(entry.begin.path, errno == EINVAL ? replaced(entry.disk_path)
                                                         : vanished_or(entry.disk_path, "read link"));
    if (static_cast<std::size_t>(length) > wire::kMaxPathBytes)
      return leave_out(entry.begin.path, Error(Errc::limit, escape_for_display(entry.disk_path) +
                                                                ": symlink target is too long"));
    target.resize(static_cast<std::size_t>(length));
    if (rules_.symlinks == Symlinks::inside && !stays_inside(entry.begin.path, target))
      return Error(Errc::refused, escape_for_display(entry.disk_path) +
                                      ": symlink points out of the tree, to " + escape_for_display(target))
          .with_hint(
              "--symlinks=skip leaves links out, --symlinks=follow sends what they point to, --symlinks=keep "
              "sends them as they are, to a receiver with --links any");
    entry.begin.target = std::move(target);
    return visitor_.entry(entry);
  }

  // What lies on the way to a listed path has to be a directory.
  Result<bool> is_wanted(const SourceEntry& entry) {
    if (!rules_.selection || rules_.selection->wants(entry.begin.path)) return true;
    DCDN_CHECK(
        leave_out(entry.begin.path, Error(Errc::not_found, escape_for_display(entry.disk_path) +
                                                               ": something in it is listed, and it is no "
                                                               "directory")));
    return false;
  }

  static SourceEntry entry_at(const Folder& folder, const std::string& name, const struct stat& info) {
    SourceEntry entry;
    entry.begin = begin_of(folder.path_of(name), info);
    entry.disk_path = folder.disk_path_of(name);
    entry.parent = folder.fd;
    entry.leaf = name;
    note_status(entry, info);
    return entry;
  }

  static Error replaced(const std::string& disk_path) {
    return {Errc::changed, escape_for_display(disk_path) + ": became something else while the tree was read"};
  }

  void note(const std::string& disk_path, const char* what) const {
    if (visitor_.note) visitor_.note(escape_for_display(disk_path) + ": " + what);
  }

  const WalkRules& rules_;
  const WalkVisitor& visitor_;
};

SourceEntry named_entry(const std::string& path, const struct stat& info) {
  SourceEntry entry;
  entry.begin = begin_of("", info);
  entry.disk_path = path;
  entry.leaf = path;
  entry.may_follow = true;
  note_status(entry, info);
  return entry;
}

// Where the user is, in that case.
std::string real_name(const std::string& path) {
  char resolved[PATH_MAX];
  const std::string real = ::realpath(path.c_str(), resolved) != nullptr ? resolved : "";
  return real.substr(real.rfind('/') + 1);
}

}  // namespace

wire::EntryBegin begin_of(const std::string& path_in_tree, const struct stat& info) {
  wire::EntryBegin begin;
  begin.path = path_in_tree;
  begin.mode = static_cast<std::uint16_t>(info.st_mode & kModeBits);
  begin.mtime_ns = nanoseconds_of(info.st_mtim);
  return begin;
}

Result<wire::ObjectKind> kind_of_source(const std::string& path) {
  DCDN_TRY(const struct stat info, status_of(path));
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
  if (name == "." || name == "..") name = real_name(path);
  if (!wire::check_name(name))
    return Error(Errc::usage, escape_for_display(path) + ": gives no name to send it under")
        .with_hint("add --name NAME");
  return name;
}

Result<void> walk_tree(const std::string& path, const WalkRules& rules, const WalkVisitor& visitor) {
  return Walk(rules, visitor).top(path);
}

Result<SourceTotals> measure_source(const std::string& path, wire::ObjectKind kind, const WalkRules& rules) {
  SourceTotals totals;
  HardLinks links;
  WalkVisitor visitor;
  visitor.entry = [&](const SourceEntry& entry) -> Result<void> {
    ++totals.entries;
    if (rules.hard_links && entry.begin.kind == wire::EntryKind::file) {
      if (links.find(entry)) return {};
      links.add(entry.mark, entry.begin, entry.names, 0);
    }
    totals.bytes += entry.begin.size.value_or(0);
    if (entry.unstored < kLeastHoles) return {};
    // It is asked again when it is read: what cannot be opened now is then an error, or left out.
    if (auto file = SourceFile::open(entry)) totals.holes += file->holes();
    return {};
  };
  if (kind == wire::ObjectKind::tree) {
    DCDN_CHECK(walk_tree(path, rules, visitor));
  } else {
    DCDN_TRY(const SourceEntry entry, file_entry(path));
    DCDN_CHECK(visitor.entry(entry));
  }
  return totals;
}

Result<SourceEntry> top_entry(const std::string& path) {
  DCDN_TRY(const struct stat info, status_of(path));
  SourceEntry entry = named_entry(path, info);
  entry.begin.kind = wire::EntryKind::directory;
  return entry;
}

Result<SourceEntry> file_entry(const std::string& path) {
  DCDN_TRY(const struct stat info, status_of(path));
  SourceEntry entry = named_entry(path, info);
  entry.begin.kind = wire::EntryKind::file;
  entry.begin.size = static_cast<std::uint64_t>(info.st_size);
  entry.unstored = unstored_of(info);
  return entry;
}

}  // namespace dcdn::source
