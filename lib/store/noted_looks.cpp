#include "store/noted_looks.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/clock.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kRecordBytes = 40;
constexpr std::size_t kWindowBytes = 1024 * kRecordBytes;
constexpr std::uint64_t kStaged = 0x100;
constexpr std::uint64_t kUnsure = 0x200;
constexpr std::uint64_t kEdited = 0x400;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kFineTick = kSecond / 20;
constexpr std::int64_t kCoarseTick = 2 * kSecond;

LooksKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return LooksKind::file;
  if (S_ISDIR(mode)) return LooksKind::directory;
  return S_ISLNK(mode) ? LooksKind::symlink : LooksKind::other;
}

}  // namespace

FileLooks looks_of(const struct stat& info) {
  FileLooks looks;
  looks.kind = kind_of(info.st_mode);
  looks.size = static_cast<std::uint64_t>(info.st_size);
  looks.mtime_ns = nanoseconds_of(info.st_mtim);
  looks.ctime_ns = nanoseconds_of(info.st_ctim);
  looks.inode = info.st_ino;
  return looks;
}

FileLooks looks_at(int parent, const std::string& name) {
  struct stat info {};
  if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
  return looks_of(info);
}

bool is_fresh(const FileLooks& looks, std::int64_t now_ns) {
  const bool coarse = looks.ctime_ns % kSecond == 0;
  return looks.ctime_ns > now_ns - (coarse ? kCoarseTick : kFineTick);
}

Result<LooksLog> LooksLog::open(int slot, std::string what) {
  LooksLog log;
  log.what_ = std::move(what);
  log.fd_.reset(::openat(slot, "looks", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!log.fd_.valid()) return errno_error(errno, log.what_ + ": open");
  return log;
}

NotedLooks LooksLog::get(std::uint64_t entry) {
  const std::uint64_t at = entry * kRecordBytes;
  if (at < window_at_ || at + kRecordBytes > window_at_ + window_.size()) {
    window_at_ = at;
    window_.resize(kWindowBytes);
    const auto read = read_full_at(fd_.get(), window_, at, what_);
    window_.resize(read ? *read : 0);
    if (window_.size() < kRecordBytes) return {};
  }
  const ByteView bytes = ByteView(window_).subspan(static_cast<std::size_t>(at - window_at_), kRecordBytes);
  ByteReader reader(bytes);
  const auto head = reader.fixed<std::uint64_t>();
  NotedLooks noted;
  noted.looks.kind = static_cast<LooksKind>(head & 0xFF);
  noted.staged = (head & kStaged) != 0;
  noted.unsure = (head & kUnsure) != 0;
  noted.edited = (head & kEdited) != 0;
  noted.looks.size = reader.fixed<std::uint64_t>();
  noted.looks.mtime_ns = static_cast<std::int64_t>(reader.fixed<std::uint64_t>());
  noted.looks.ctime_ns = static_cast<std::int64_t>(reader.fixed<std::uint64_t>());
  noted.looks.inode = reader.fixed<std::uint64_t>();
  return noted;
}

Result<void> LooksLog::set(std::uint64_t entry, const NotedLooks& noted) {
  Bytes bytes;
  ByteWriter writer(bytes);
  const FileLooks& looks = noted.looks;
  writer.fixed(static_cast<std::uint64_t>(looks.kind) | (noted.staged ? kStaged : 0) |
               (noted.unsure ? kUnsure : 0) | (noted.edited ? kEdited : 0));
  writer.fixed(looks.size);
  writer.fixed(static_cast<std::uint64_t>(looks.mtime_ns));
  writer.fixed(static_cast<std::uint64_t>(looks.ctime_ns));
  writer.fixed(looks.inode);
  const std::uint64_t at = entry * kRecordBytes;
  if (at >= window_at_ && at < window_at_ + window_.size())
    std::copy(bytes.begin(), bytes.end(), window_.begin() + static_cast<std::ptrdiff_t>(at - window_at_));
  return write_all_at(fd_.get(), bytes, at, what_);
}

bool LooksLog::empty() const {
  struct stat info {};
  return ::fstat(fd_.get(), &info) != 0 || info.st_size == 0;
}

}  // namespace dcdn::store
