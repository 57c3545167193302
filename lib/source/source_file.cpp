#include "source/source_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "source/source_index.hpp"

namespace dcdn::source {

namespace {

constexpr std::size_t kAgainBytes = std::size_t{1} << 20;
constexpr int kTries = 4;
constexpr int kOpen = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
constexpr const char* kAgain = "run the same command again: only what changed is sent";

Error changed(const std::string& what) {
  return Error(Errc::changed, what).with_hint(kAgain);
}

Result<struct stat> status_of(const UniqueFd& fd, const std::string& shown) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, shown + ": stat");
  return info;
}

Error open_error(const std::string& shown) {
  if (errno == ENOENT) return changed(shown + ": vanished before it was read");
  if (errno == ELOOP) return changed(shown + ": became something else before it was read");
  return errno_error(errno, shown + ": open");
}

Result<FileMark> look_again(const SourceEntry& entry, const std::string& shown) {
  struct stat info {};
  if (::fstatat(entry.parent, entry.leaf.c_str(), &info, entry.may_follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
    return open_error(shown);
  if (!S_ISREG(info.st_mode)) return changed(shown + ": became something else before it was read");
  return FileMark(info);
}

}  // namespace

Result<SourceFile> SourceFile::open(const SourceEntry& entry) {
  SourceFile file;
  file.shown_ = escape_for_display(entry.disk_path);
  FileMark expected = entry.mark;
  // An editor that saves puts another file in its place: that one is looked at in the same way. Opened is
  // only what was looked at, because opening a device does something.
  for (int tries = 0; tries < kTries; ++tries) {
    const std::int64_t opened_s = now_s();
    file.fd_.reset(::openat(entry.parent, entry.leaf.c_str(), kOpen | (entry.may_follow ? 0 : O_NOFOLLOW)));
    if (!file.fd_.valid()) return open_error(file.shown_);
    DCDN_TRY(const struct stat info, status_of(file.fd_, file.shown_));
    if (S_ISREG(info.st_mode) && FileMark(info) == expected) {
      file.status_ = info;
      file.begin_ = begin_of(entry.begin.path, info);
      file.look_ = look_of(info, opened_s);
      file.begin_.size = static_cast<std::uint64_t>(info.st_size);
      return file;
    }
    DCDN_TRY(expected, look_again(entry, file.shown_));
  }
  return changed(file.shown_ + ": was replaced again and again before it was read");
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

std::uint64_t SourceFile::holes() const {
  constexpr int kMost = 10000;
  std::uint64_t holes = 0;
  std::uint64_t at = 0;
  for (int i = 0; i < kMost && at < size(); ++i) {
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(at), SEEK_DATA);
    if (data < 0) return errno == ENXIO ? holes + (size() - at) : holes;
    holes += std::min(static_cast<std::uint64_t>(data), size()) - at;
    const off_t hole = ::lseek(fd_.get(), data, SEEK_HOLE);
    if (hole < 0) return holes;
    at = static_cast<std::uint64_t>(hole);
  }
  return holes;
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

Result<void> SourceFile::hash(const DataRegion& region, digest::Hasher& hasher,
                              const std::function<bool()>& stopped) const {
  Bytes piece(kAgainBytes);
  for (std::uint64_t at = region.offset; at < region.end();) {
    if (stopped()) return Error(Errc::interrupted, "packing was stopped");
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), region.end() - at));
    DCDN_TRY(const std::size_t got, read(MutableByteView(piece).first(want), at));
    if (got < want) return shorter();
    hasher.update(ByteView(piece).first(got));
    at += got;
  }
  return {};
}

Result<void> SourceFile::expect_again(std::uint64_t bytes, const std::vector<DataRegion>& data,
                                      const Digest& digest, const std::function<bool()>& stopped) const {
  digest::Hasher hasher;
  std::uint64_t hole = 0;
  for (const DataRegion& region : data) {
    DCDN_CHECK(expect_zeros(hole, region.offset, stopped));
    DCDN_CHECK(hash(region, hasher, stopped));
    hole = region.end();
  }
  DCDN_CHECK(expect_zeros(hole, bytes, stopped));
  return hasher.digest() == digest ? Result<void>() : Result<void>(not_the_same());
}

Result<void> SourceFile::expect_zeros(std::uint64_t from, std::uint64_t to,
                                      const std::function<bool()>& stopped) const {
  Bytes piece(kAgainBytes);
  while (from < to) {
    if (stopped()) return Error(Errc::interrupted, "packing was stopped");
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(from), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};
    if (data > 0) from = static_cast<std::uint64_t>(data);
    if (from >= to) return {};
    piece.resize(std::min<std::uint64_t>(kAgainBytes, to - from));
    DCDN_TRY(const std::size_t got, read(piece, from));
    if (got < piece.size()) return shorter();
    if (!digest::is_all_zero(piece)) return not_the_same();
    from += got;
  }
  return {};
}

Error SourceFile::not_the_same() const {
  return changed(shown_ + ": changed while it was read");
}

Error SourceFile::shorter() const {
  return changed(shown_ + ": became shorter while it was read");
}

void note_strange_time(const SourceEntry& entry, const SkipNote& note) {
  const std::int64_t time = entry.begin.mtime_ns;
  if (note && (time == INT64_MAX || time == INT64_MIN))
    note(escape_for_display(entry.disk_path) +
         ": its time is beyond the years 1677 to 2262 and is cut to them");
}

}  // namespace dcdn::source
