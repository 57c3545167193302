#include "store/publish.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "store/tree_access.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

namespace {

constexpr int kMostSuffixes = 9999;

struct Name {
  int directory;
  std::string leaf;
};

// A directory without write permission cannot be given another parent (its ".." changes), and its final mode
// may be such: it gets permission for the moment of the move.
int rename_anyway(const Name& from, const Name& to, unsigned flags) {
  if (::renameat2(from.directory, from.leaf.c_str(), to.directory, to.leaf.c_str(), flags) == 0) return 0;
  const int reason = errno;
  struct stat info {};
  const bool is_dir =
      ::fstatat(from.directory, from.leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
  if (reason != EACCES || !is_dir) return reason;
  ::fchmodat(from.directory, from.leaf.c_str(), info.st_mode | 0700, AT_SYMLINK_NOFOLLOW);
  const bool moved =
      ::renameat2(from.directory, from.leaf.c_str(), to.directory, to.leaf.c_str(), flags) == 0;
  const int second = moved ? 0 : errno;
  const Name& now = moved ? to : from;
  ::fchmodat(now.directory, now.leaf.c_str(), info.st_mode & 07777, AT_SYMLINK_NOFOLLOW);
  return second;
}

// 0, or errno: EEXIST if the name is taken.
int rename_to_new(const Name& from, const Name& to) {
  const int reason = rename_anyway(from, to, RENAME_NOREPLACE);
  if (reason != EINVAL && reason != ENOSYS) return reason;
  // A file system that cannot promise it (some network ones): look, then rename.
  return is_there(to.directory, to.leaf) ? EEXIST : rename_anyway(from, to, 0);
}

// "report.pdf" -> "report (1).pdf", "photos" -> "photos (1)"; cut so that it is still a legal name.
std::string with_number(const std::string& name, int number, bool tree) {
  const std::string mark = " (" + std::to_string(number) + ")";
  const std::size_t dot = name.rfind('.');
  const bool has_ending = !tree && dot != std::string::npos && dot > 0 && name.size() - dot <= 16;
  std::string stem = has_ending ? name.substr(0, dot) : name;
  const std::string ending = has_ending ? name.substr(dot) : "";
  std::size_t most = wire::kMaxNameBytes - mark.size() - ending.size();
  if (stem.size() > most) {
    while (most > 0 && (static_cast<std::uint8_t>(stem[most]) & 0xC0) == 0x80)
      --most;  // not inside a character
    stem.resize(most);
  }
  return stem + mark + ending;
}

// A directory of the user's: unlike our own staging it keeps the permissions it has.
Result<UniqueFd> open_target(const Name& at, const std::string& shown) {
  UniqueFd fd(::openat(at.directory, at.leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, shown + ": open directory");
  return fd;
}

// One directory of a tree, and the one at the destination that it is merged into.
class Merge {
 public:
  Merge(Collision collision, const Staged& staged)
      : collision_(collision), knows_top_(staged.knows_top), sync_(staged.sync), where_(staged.where) {}

  Result<void> directory(int from, int to, const std::string& path) {
    // Everything is moved out of it, whatever its final mode says.
    struct stat info {};
    if (::fstat(from, &info) != 0) return errno_error(errno, display(path));
    ::fchmod(from, 0700);
    DCDN_TRY(auto names, list_names(from, display(path)));
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) DCDN_CHECK(entry({from, name}, {to, name}, path + "/" + name));
    const bool knows_looks = knows_top_ || path.find('/') != std::string::npos;
    if (collision_ == Collision::overwrite && knows_looks) DCDN_CHECK(look_like(info, to, path));
    return sync_ ? sync_folder(to, display(path)) : Result<void>();
  }
  /// How many entries were kept that are not what came, and the first of them.
  [[nodiscard]] std::uint64_t kept() const { return kept_; }
  [[nodiscard]] std::string first_kept() const { return display(first_kept_); }

 private:
  Result<void> look_like(const struct stat& info, int to, const std::string& path) const {
    const timespec times[2] = {{0, UTIME_OMIT}, info.st_mtim};
    // A folder that is another's and that we may only write to stays as it is.
    if ((::fchmod(to, info.st_mode & 0777) != 0 || ::futimens(to, times) != 0) && errno != EPERM)
      return errno_error(errno, display(path) + ": set mode and time");
    return {};
  }
  Result<void> entry(const Name& from, const Name& to, const std::string& path) {
    int reason = rename_to_new(from, to);
    if (reason == 0) return {};
    if (reason != EEXIST) return errno_error(reason, display(path) + ": move into place");
    if (is_directory(from.directory, from.leaf)) return directory_over(from, to, path);
    if (collision_ == Collision::skip) return keep(from, to, path);
    if (is_directory(to.directory, to.leaf) && ::unlinkat(to.directory, to.leaf.c_str(), AT_REMOVEDIR) != 0)
      return in_the_way(path, "is a directory that is not empty, where a file should be");
    reason = rename_anyway(from, to, 0);
    if (reason != 0) return errno_error(reason, display(path) + ": replace");
    return {};
  }
  Result<void> keep(const Name& from, const Name& to, const std::string& path) {
    if (is_directory(to.directory, to.leaf))
      return in_the_way(path, "is a directory, where a file should be");
    DCDN_TRY(const bool same, is_same(from, to, path));
    if (!same && kept_++ == 0) first_kept_ = path;
    return {};
  }
  Result<bool> is_same(const Name& from, const Name& to, const std::string& path) const {
    return same_content(from.directory, from.leaf, to.directory, to.leaf, display(path));
  }
  Result<void> directory_over(const Name& from, const Name& to, const std::string& path) {
    if (is_directory(to.directory, to.leaf)) {
      DCDN_TRY(const UniqueFd below, open_directory(from.directory, from.leaf, Missing::fail, display(path)));
      DCDN_TRY(const UniqueFd there, open_target(to, display(path)));
      return directory(below.get(), there.get(), path);
    }
    if (collision_ == Collision::skip) return in_the_way(path, "is no directory, where one should be");
    if (::unlinkat(to.directory, to.leaf.c_str(), 0) != 0)
      return errno_error(errno, display(path) + ": replace");
    const int reason = rename_to_new(from, to);
    if (reason != 0) return errno_error(reason, display(path) + ": replace");
    return {};
  }
  [[nodiscard]] Error in_the_way(const std::string& path, const char* what) const {
    return Error(Errc::exists, display(path) + ": " + what).with_hint("move it away, then send again");
  }
  [[nodiscard]] std::string display(const std::string& path) const {
    return where_ + "/" + escape_for_display(path);
  }

  Collision collision_;
  bool knows_top_;
  bool sync_;
  std::string where_;
  std::uint64_t kept_ = 0;
  std::string first_kept_;
};

// A tree over a directory.
Result<std::string> merge(const Staged& staged, Collision collision, const std::string& shown) {
  DCDN_TRY(const UniqueFd source,
           open_directory(staged.from_directory, staged.from_name, Missing::fail, shown));
  DCDN_TRY(const UniqueFd target, open_target({staged.to_directory, staged.to_name}, shown));
  Merge merging(collision, staged);
  DCDN_CHECK(merging.directory(source.get(), target.get(), staged.to_name));
  if (merging.kept() == 0) return staged.to_name;
  const std::string others =
      merging.kept() == 1 ? "" : " and " + std::to_string(merging.kept() - 1) + " more";
  return Error(Errc::nothing, merging.first_kept() + others +
                                  ": is there already with other content and was kept; the rest is in place")
      .with_hint("--overwrite replaces it");
}

Result<std::string> publish_over(const Staged& staged, Collision collision) {
  const Name from{staged.from_directory, staged.from_name};
  const Name to{staged.to_directory, staged.to_name};
  const std::string shown = staged.where + "/" + escape_for_display(staged.to_name);
  const bool over_directory = is_directory(to.directory, to.leaf);
  if (staged.tree && over_directory) return merge(staged, collision, shown);
  if (collision == Collision::skip)
    return Error(Errc::nothing, shown + ": is there already and was kept")
        .with_hint("--overwrite replaces it");
  if (over_directory)
    return Error(Errc::exists, shown + ": is a directory, and what came is a file").with_hint("use --rename");
  if (staged.tree && ::unlinkat(to.directory, to.leaf.c_str(), 0) != 0)
    return errno_error(errno, shown + ": replace");
  const int reason = staged.tree ? rename_to_new(from, to) : rename_anyway(from, to, 0);
  if (reason != 0) return errno_error(reason, shown + ": replace");
  return staged.to_name;
}

}  // namespace

Error taken_error(const Staged& staged) {
  return Error(Errc::exists, staged.where + "/" + escape_for_display(staged.to_name) + ": is there already")
      .with_hint("--overwrite replaces it, --rename keeps both, --skip keeps what is there");
}

Result<std::string> publish(const Staged& staged, Collision collision, const NoteName& note) {
  const Name from{staged.from_directory, staged.from_name};
  std::string name = staged.to_name;
  for (int number = 1; number <= kMostSuffixes + 1; ++number) {
    // A name that is taken is not worth a note; that it is free now proves nothing yet.
    const bool taken = collision == Collision::rename && is_there(staged.to_directory, name);
    if (!taken) DCDN_CHECK(note(name));
    const int reason = taken ? EEXIST : rename_to_new(from, {staged.to_directory, name});
    if (reason == 0) return name;
    if (reason != EEXIST)
      return errno_error(reason, staged.where + "/" + escape_for_display(name) + ": give the final name");
    if (collision == Collision::refuse) break;
    if (collision != Collision::rename) return publish_over(staged, collision);
    name = with_number(staged.to_name, number, staged.tree);
  }
  return taken_error(staged);
}

}  // namespace dcdn::store
