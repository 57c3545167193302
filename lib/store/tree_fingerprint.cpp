#include "store/tree_fingerprint.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/byte_writer.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "store/tree_access.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

namespace {

constexpr mode_t kModeBits = 07777;
constexpr mode_t kLinkMode = 0777;

void add_entry(digest::Hasher& hasher, const std::string& path, const struct stat& info,
               const std::string& target) {
  const bool is_link = S_ISLNK(info.st_mode);
  Bytes line;
  ByteWriter writer(line);
  writer.text(path);
  writer.varint(S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0);
  writer.fixed(static_cast<std::uint64_t>(nanoseconds_of(info.st_mtim)));
  writer.varint(is_link ? kLinkMode : info.st_mode & kModeBits);
  writer.text(target);
  hasher.update(line);
}

Result<std::string> link_target(int directory, const std::string& name, const std::string& path) {
  std::string target(wire::kMaxPathBytes + 1, '\0');
  const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (length < 0) return errno_error(errno, escape_for_display(path) + ": read link");
  target.resize(static_cast<std::size_t>(length));
  if (target.size() > wire::kMaxPathBytes)
    return Error(Errc::refused, escape_for_display(path) + ": a link that is not received");
  return target;
}

Result<void> add_directory(digest::Hasher& hasher, int directory, const std::string& path,
                           std::size_t depth) {
  if (depth > wire::kMaxDepth) return Error(Errc::limit, escape_for_display(path) + ": nested too deep");
  DCDN_TRY(auto names, list_names(directory, escape_for_display(path)));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string below = path.empty() ? name : path + "/" + name;
    DCDN_CHECK(wire::check_path(below));
    struct stat info {};
    if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return errno_error(errno, escape_for_display(below));
    std::string target;
    if (S_ISLNK(info.st_mode)) {
      DCDN_TRY(target, link_target(directory, name, below));
    } else if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
      continue;  // not part of any object
    }
    add_entry(hasher, below, info, target);
    if (!S_ISDIR(info.st_mode)) continue;
    const UniqueFd inside(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inside.valid()) return errno_error(errno, escape_for_display(below) + ": open directory");
    DCDN_CHECK(add_directory(hasher, inside.get(), below, depth + 1));
  }
  return {};
}

}  // namespace

Digest tree_fingerprint(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  digest::Hasher hasher;
  if (S_ISREG(info.st_mode)) {
    add_entry(hasher, "", info, "");
  } else {
    const UniqueFd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid() || !add_directory(hasher, root.get(), "", 1)) return {};
  }
  return hasher.digest();
}

}  // namespace dcdn::store
