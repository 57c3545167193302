#include "source/source_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "digest/hasher.hpp"

namespace dcdn::source {

namespace {

constexpr std::size_t kAgainBytes = std::size_t{1} << 20;
constexpr const char* kAgain = "run the same command again: only what changed is sent";

Error changed(const std::string& what) {
  return Error(Errc::changed, what).with_hint(kAgain);
}

Result<struct stat> status_of(const UniqueFd& fd, const std::string& shown) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, shown + ": stat");
  return info;
}

}  // namespace

Result<SourceFile> SourceFile::open(const SourceEntry& entry) {
  SourceFile file;
  file.shown_ = escape_for_display(entry.disk_path);
  file.fd_.reset(::open(entry.disk_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.fd_.valid() && errno == ENOENT)
    return Error(Errc::changed, file.shown_ + ": vanished before it was read");
  if (!file.fd_.valid()) return errno_error(errno, file.shown_ + ": open");
  DCDN_TRY(const struct stat info, status_of(file.fd_, file.shown_));
  if (!S_ISREG(info.st_mode)) return changed(file.shown_ + ": became something else before it was read");
  file.begin_ = entry.begin;
  file.begin_.size = static_cast<std::uint64_t>(info.st_size);
  file.begin_.mtime_ns = nanoseconds_of(info.st_mtim);
  return file;
}

Result<std::size_t> SourceFile::read(MutableByteView into, std::uint64_t offset) const {
  return read_full_at(fd_.get(), into, offset, shown_);
}

std::uint64_t SourceFile::hole_at(std::uint64_t at, std::uint64_t cell) {
  if (at < data_until_) return 0;
  const off_t data = ::lseek(fd_.get(), static_cast<off_t>(at), SEEK_DATA);
  if (data < 0) {
    if (errno == ENXIO) return size() - at;
    data_until_ = size();  // this file system cannot tell
    return 0;
  }
  const off_t hole = ::lseek(fd_.get(), data, SEEK_HOLE);
  data_until_ = hole < 0 ? size() : static_cast<std::uint64_t>(hole);
  // What came since it was opened is none of ours.
  const std::uint64_t gap = std::min(static_cast<std::uint64_t>(data), size()) - at;
  return gap - gap % cell;
}

Result<void> SourceFile::take_for_size(std::uint64_t bytes) {
  DCDN_TRY(const struct stat now, status_of(fd_, shown_));
  if (static_cast<std::uint64_t>(now.st_size) != size()) return shorter();
  begin_.size = bytes;
  return {};
}

Result<bool> SourceFile::is_untouched() const {
  DCDN_TRY(const struct stat now, status_of(fd_, shown_));
  return nanoseconds_of(now.st_mtim) == begin_.mtime_ns && static_cast<std::uint64_t>(now.st_size) == size();
}

Result<void> SourceFile::expect_again(std::uint64_t bytes, const Digest& digest,
                                      const std::function<bool()>& stopped) const {
  digest::Hasher hasher;
  Bytes piece(kAgainBytes);
  for (std::uint64_t at = 0; at < bytes;) {
    if (stopped()) return Error(Errc::interrupted, "packing was stopped");
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes - at));
    DCDN_TRY(const std::size_t got, read(MutableByteView(piece).first(want), at));
    if (got < want) return shorter();
    hasher.update(ByteView(piece).first(got));
    at += got;
  }
  if (hasher.digest() == digest) return {};
  return changed(shown_ + ": changed while it was read");
}

Error SourceFile::shorter() const {
  return changed(shown_ + ": became shorter while it was read");
}

}  // namespace dcdn::source
