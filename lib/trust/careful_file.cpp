#include "trust/careful_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.hpp"
#include "dcdn/bytes.hpp"

namespace dcdn::trust {

namespace {

constexpr std::size_t kMaxTrustFile = 4u << 20;

bool is_same_time(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

Result<void> check_owner(const struct stat& info, const std::string& path) {
  if (info.st_uid == ::geteuid() || info.st_uid == 0) return {};
  return Error(Errc::permission, path + ": belongs to the user with the number " +
                                     std::to_string(info.st_uid) + ", not to the one who runs this (" +
                                     std::to_string(::geteuid()) + "), so it proves nothing")
      .with_hint("run this as its owner, use another home (DCDN_HOME), or: chown " +
                 std::to_string(::geteuid()) + " " + path);
}

Result<void> check_folder(const std::string& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return errno_error(errno, folder);
  DCDN_CHECK(check_owner(info, folder));
  if ((info.st_mode & 022) == 0) return {};
  return Error(Errc::permission,
               folder + ": others than the owner may write here, so its files prove nothing")
      .with_hint("chmod 700 " + folder);
}

// What is looked at is the very file that is read, not one that has its name a moment later.
Result<std::string> read_trust_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid() && errno == ENOENT) return std::string();
  if (!fd.valid()) return errno_error(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, path);
  if (!S_ISREG(info.st_mode)) return Error(Errc::io, path + ": is not a file");
  DCDN_CHECK(check_owner(info, path));
  if ((info.st_mode & 022) != 0)
    return Error(Errc::permission, path + ": others than the owner may write it, so it proves nothing")
        .with_hint("chmod 600 " + path);
  DCDN_CHECK(check_folder(folder_of(path)));
  if (info.st_size > static_cast<off_t>(kMaxTrustFile))
    return Error(Errc::limit, path + ": longer than 4 MiB");
  // What is added while it is read is seen the next time.
  Bytes bytes(static_cast<std::size_t>(info.st_size));
  DCDN_TRY(const std::size_t got, read_full(fd.get(), bytes, path));
  return std::string(as_text(ByteView(bytes).first(got)));
}

bool FileStamp::operator==(const FileStamp& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         is_same_time(modified, other.modified) && is_same_time(changed, other.changed);
}

FileStamp stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    FileStamp none;
    // Not the stamp of an absent file: that would be an answer.
    if (errno != ENOENT) none.modified.tv_nsec = errno;
    return none;
  }
  return {info.st_dev, info.st_ino, info.st_size, info.st_mtim, info.st_ctim};
}

}  // namespace dcdn::trust
