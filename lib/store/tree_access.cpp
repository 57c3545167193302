#include "store/tree_access.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <memory>
#include <optional>

#include "base/text.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kCompareBytes = std::size_t{256} << 10;
constexpr int kReadFile = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

Result<UniqueFd> reopen(int directory, const std::string& what) {
  UniqueFd fd(::openat(directory, ".", kDirectory));
  if (!fd.valid()) return errno_error(errno, what + ": open directory");
  return fd;
}

std::optional<std::string> link_target(int parent, const std::string& name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlinkat(parent, name.c_str(), target.data(), target.size());
  if (length < 0) return std::nullopt;
  target.resize(static_cast<std::size_t>(length));
  return target;
}

Result<bool> same_bytes(int one, int other, const std::string& what) {
  Bytes piece(kCompareBytes);
  Bytes other_piece(kCompareBytes);
  for (std::uint64_t at = 0;;) {
    DCDN_TRY(const std::size_t got, read_full_at(one, piece, at, what));
    DCDN_TRY(const std::size_t other_got, read_full_at(other, other_piece, at, what));
    if (got != other_got ||
        !std::equal(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got), other_piece.begin()))
      return false;
    if (got == 0) return true;
    at += got;
  }
}

// Removes what a directory holds. Deeper levels recurse: the depth of a tree is limited when it comes in.
Result<void> remove_contents(int directory, const std::string& what) {
  DCDN_TRY(const auto names, list_names(directory, what));
  for (const std::string& name : names) DCDN_CHECK(remove_tree(directory, name, what));
  return {};
}

}  // namespace

Result<UniqueFd> open_directory(int parent, const std::string& name, Missing missing,
                                const std::string& what) {
  UniqueFd fd(::openat(parent, name.c_str(), kDirectory));
  if (!fd.valid() && errno == ENOENT && missing == Missing::make) {
    if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno == EACCES) {
      ::fchmod(parent, 0700);
      (void)!::mkdirat(parent, name.c_str(), 0700);
    }
    fd.reset(::openat(parent, name.c_str(), kDirectory));
  } else if (!fd.valid() && errno == EACCES) {
    ::fchmodat(parent, name.c_str(), 0700, AT_SYMLINK_NOFOLLOW);
    fd.reset(::openat(parent, name.c_str(), kDirectory));
  }
  if (!fd.valid()) return errno_error(errno, what + ": open directory");
  return fd;
}

Result<std::vector<std::string>> list_names(int directory, const std::string& what) {
  DCDN_TRY(UniqueFd fd, reopen(directory, what));
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
  if (!stream) return errno_error(errno, what + ": read directory");
  (void)fd.release();  // the stream's now
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return errno_error(errno, what + ": read directory");
  return names;
}

Result<void> remove_tree(int parent, const std::string& name, const std::string& what) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  const int reason = errno;
  if (!is_directory(parent, name)) return errno_error(reason, what + ": remove");
  DCDN_TRY(const UniqueFd directory, open_directory(parent, name, Missing::fail, what));
  struct stat info {};
  if (::fstat(directory.get(), &info) == 0 && (info.st_mode & 0700) != 0700) ::fchmod(directory.get(), 0700);
  DCDN_CHECK(remove_contents(directory.get(), what));
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return errno_error(errno, what + ": remove directory");
  return {};
}

Result<std::uint64_t> tree_bytes(int directory, const std::string& what) {
  DCDN_TRY(const auto names, list_names(directory, what));
  std::uint64_t sum = 0;
  for (const std::string& name : names) {
    struct stat info {};
    if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    if (S_ISREG(info.st_mode)) sum += static_cast<std::uint64_t>(info.st_size);
    if (!S_ISDIR(info.st_mode)) continue;
    const UniqueFd below(::openat(directory, name.c_str(), kDirectory));
    if (!below.valid()) continue;  // not ours to look into
    DCDN_TRY(const std::uint64_t more, tree_bytes(below.get(), what));
    sum += more;
  }
  return sum;
}

bool is_there(int parent, const std::string& name) {
  struct stat info {};
  return ::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

bool is_directory(int parent, const std::string& name) {
  struct stat info {};
  return ::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

Result<bool> same_content(int one_parent, const std::string& one, int other_parent, const std::string& other,
                          const std::string& what) {
  struct stat info {};
  struct stat other_info {};
  if (::fstatat(one_parent, one.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::fstatat(other_parent, other.c_str(), &other_info, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(errno, what);
  if ((info.st_mode & S_IFMT) != (other_info.st_mode & S_IFMT)) return false;
  if (S_ISLNK(info.st_mode)) {
    const auto target = link_target(one_parent, one);
    return target && target == link_target(other_parent, other);
  }
  if (!S_ISREG(info.st_mode) || info.st_size != other_info.st_size) return false;
  const UniqueFd fd(::openat(one_parent, one.c_str(), kReadFile));
  const UniqueFd other_fd(::openat(other_parent, other.c_str(), kReadFile));
  if (!fd.valid() || !other_fd.valid()) return false;  // who may not look cannot say that it is the same
  return same_bytes(fd.get(), other_fd.get(), what);
}

bool link_stays_inside(const std::string& path, const std::string& target) {
  if (target.empty() || target.front() == '/') return false;
  std::size_t may_climb = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  bool went_down = false;
  for (std::size_t at = 0; at <= target.size();) {
    const std::size_t slash = std::min(target.find('/', at), target.size());
    const std::string_view part = std::string_view(target).substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      went_down = true;
    } else if (went_down || may_climb-- == 0) {
      return false;
    }
  }
  return true;
}

unsigned current_umask() {
  // umask(2) can only be read by changing it, for every thread at once; the kernel also tells it here.
  if (auto status = read_file("/proc/self/status", 1u << 16)) {
    const std::string_view text = as_text(*status);
    const std::size_t at = text.find("Umask:\t");
    unsigned mask = 0;
    if (at != text.npos &&
        std::from_chars(text.data() + at + 7, text.data() + text.size(), mask, 8).ec == std::errc())
      return mask & 0777;
  }
  return 022;
}

Result<TreeRoot::Place> TreeRoot::find(const std::string& path, Missing missing) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return Place{root_.get(), path};
  const std::string parent_path = path.substr(0, slash);
  if (!parent_.valid() || parent_path != parent_path_) {
    UniqueFd at;
    for (std::size_t from = 0; from <= parent_path.size();) {
      const std::size_t to = std::min(parent_path.find('/', from), parent_path.size());
      const int above = at.valid() ? at.get() : root_.get();
      DCDN_TRY(UniqueFd next, open_directory(above, parent_path.substr(from, to - from), missing,
                                             display(parent_path.substr(0, to))));
      at = std::move(next);
      from = to + 1;
    }
    parent_ = std::move(at);
    parent_path_ = parent_path;
  }
  return Place{parent_.get(), path.substr(slash + 1)};
}

std::string TreeRoot::display(const std::string& path) const {
  return escape_for_display(path.empty() ? name_ : name_ + "/" + path);
}

}  // namespace dcdn::store
