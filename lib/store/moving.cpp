#include "store/moving.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "digest/hasher.hpp"
#include "store/opened_folder.hpp"
#include "store/tree_access.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kCopyBytes = std::size_t{256} << 10;

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

int rename_by(const Name& from, const Name& to, Replace replace) {
  if (replace == Replace::yes) return rename_anyway(from, to, 0);
  const int reason = rename_anyway(from, to, RENAME_NOREPLACE);
  if (reason != EINVAL && reason != ENOSYS) return reason;
  // A file system that cannot promise it (some network ones): look, then rename.
  return is_there(to.directory, to.leaf) ? EEXIST : rename_anyway(from, to, 0);
}

// Copies one thing with mode and time; `sync` puts each on disk.
class Copier {
 public:
  Copier(const CopyRules& rules, const std::string& what) : rules_(rules), what_(what) {}

  Result<void> copy(const Name& from, const Name& to, std::size_t depth) const {
    struct stat info {};
    if (::fstatat(from.directory, from.leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return failed("copy");
    if (S_ISLNK(info.st_mode)) return link(from, to, info);
    if (S_ISDIR(info.st_mode)) return folder(from, to, depth);
    return file(from, to, info);
  }

 private:
  [[nodiscard]] Error failed(const char* step) const { return errno_error(errno, what_ + ": " + step); }

  Result<void> link(const Name& from, const Name& to, const struct stat& info) const {
    std::string target(wire::kMaxPathBytes + 1, '\0');
    const ssize_t length = ::readlinkat(from.directory, from.leaf.c_str(), target.data(), target.size());
    if (length < 0) return failed("read link");
    target.resize(static_cast<std::size_t>(length));
    if (::symlinkat(target.c_str(), to.directory, to.leaf.c_str()) != 0) return failed("make link");
    const timespec times[2] = {{0, UTIME_OMIT}, info.st_mtim};
    ::utimensat(to.directory, to.leaf.c_str(), times, AT_SYMLINK_NOFOLLOW);  // not every file system can
    return {};
  }

  Result<void> folder(const Name& from, const Name& to, std::size_t depth) const {
    if (depth > wire::kMaxDepth) return Error(Errc::limit, what_ + ": nested too deep");
    DCDN_TRY(const OpenedFolder source, OpenedFolder::open(from.directory, from.leaf, what_));
    if (::mkdirat(to.directory, to.leaf.c_str(), 0700) != 0) return failed("make directory");
    DCDN_TRY(const UniqueFd made, open_directory(to.directory, to.leaf, Missing::fail, what_));
    DCDN_TRY(const auto names, list_names(source.fd(), what_));
    for (const std::string& name : names)
      DCDN_CHECK(copy({source.fd(), name}, {made.get(), name}, depth + 1));
    return look_like(source.fd(), made, source.was());
  }

  Result<void> file(const Name& from, const Name& to, const struct stat& info) const {
    // Ours, whatever mode it is to have: it may be one that does not let us read it.
    UniqueFd source(::openat(from.directory, from.leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!source.valid() && errno == EACCES) {
      ::fchmodat(from.directory, from.leaf.c_str(), (info.st_mode & 07777) | 0400, AT_SYMLINK_NOFOLLOW);
      source.reset(::openat(from.directory, from.leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!source.valid()) return failed("open");
    const UniqueFd made(
        ::openat(to.directory, to.leaf.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made.valid()) return failed("make file");
    Bytes piece(kCopyBytes);
    for (std::uint64_t at = 0;;) {
      DCDN_TRY(const std::size_t got, read_full_at(source.get(), piece, at, what_));
      if (got == 0) break;
      const ByteView bytes = ByteView(piece).first(got);
      if (!digest::is_all_zero(bytes)) DCDN_CHECK(write_all_at(made.get(), bytes, at, what_));  // else a hole
      at += got;
    }
    if (::ftruncate(made.get(), info.st_size) != 0) return failed("set length");
    return look_like(source.get(), made, info);
  }

  [[nodiscard]] Result<void> look_like(int source, const UniqueFd& made, const struct stat& info) const {
    const timespec times[2] = {{0, UTIME_OMIT}, info.st_mtim};
    const bool same = copy_extras(source, made.get(), rules_.kept);
    const mode_t mode = info.st_mode & (rules_.kept.owner && same ? 07777 : 0777);
    if (::fchmod(made.get(), mode) != 0 || ::futimens(made.get(), times) != 0)
      return failed("set mode and time");
    if (rules_.sync && ::fsync(made.get()) != 0) return failed("fsync");
    return {};
  }

  const CopyRules& rules_;
  const std::string& what_;
};

}  // namespace

Result<void> copy_file(const Name& from, const Name& to, const CopyRules& rules, const std::string& what) {
  struct stat info {};
  if (::fstatat(from.directory, from.leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(errno, what + ": copy");
  auto copied = Copier(rules, what).copy(from, to, 1);
  // It may have been opened to be read.
  ::fchmodat(from.directory, from.leaf.c_str(), info.st_mode & 07777, AT_SYMLINK_NOFOLLOW);
  return copied;
}

Result<int> move_to(const Name& from, const Name& to, Replace replace, const CopyRules& rules,
                    const std::string& what) {
  const int reason = rename_by(from, to, replace);
  if (reason != EXDEV) return reason;
  if (replace == Replace::no && is_there(to.directory, to.leaf)) return EEXIST;
  const Name beside{to.directory, kBesideName};
  DCDN_CHECK(remove_tree(beside.directory, beside.leaf, what));
  auto copied = Copier(rules, what).copy(from, beside, 1);
  int second = 0;
  if (copied) second = rename_by(beside, to, replace);
  if (!copied || second != 0) (void)remove_tree(beside.directory, beside.leaf, what).has_value();
  if (!copied) return copied.error();
  // What stays staged is removed with its slot.
  if (second == 0) (void)remove_tree(from.directory, from.leaf, what).has_value();
  return second;
}

}  // namespace dcdn::store
