#include "store/have_map.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace dcdn::store {

namespace {

// 2^32 chunks of the smallest size are more than any disk holds.
constexpr off_t kMostChunks = off_t{1} << 32;

}  // namespace

Result<HaveMap> HaveMap::open(int slot, std::string what) {
  HaveMap map;
  map.what_ = std::move(what);
  map.fd_.reset(::openat(slot, "have.map", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!map.fd_.valid()) return errno_error(errno, map.what_ + ": open");
  struct stat info {};
  if (::fstat(map.fd_.get(), &info) != 0) return errno_error(errno, map.what_);
  map.bytes_.resize(static_cast<std::size_t>(std::min(info.st_size, kMostChunks)));
  DCDN_TRY(const std::size_t got, read_full_at(map.fd_.get(), map.bytes_, 0, map.what_));
  map.bytes_.resize(got);
  return map;
}

Have HaveMap::get(std::uint64_t chunk) const {
  if (chunk >= bytes_.size()) return Have::missing;
  const std::uint8_t byte = bytes_[chunk];
  return byte >= 1 && byte <= 3 ? static_cast<Have>(byte) : Have::missing;
}

Result<void> HaveMap::resize(std::uint64_t chunks) {
  if (chunks == bytes_.size()) return {};
  if (::ftruncate(fd_.get(), static_cast<off_t>(chunks)) != 0)
    return errno_error(errno, what_ + ": truncate");
  bytes_.resize(chunks, 0);
  return {};
}

Result<void> HaveMap::set(std::uint64_t first, std::uint64_t count, Have value) {
  if (first + count > bytes_.size())
    DCDN_CHECK(resize(first + count));  // an earlier resize() may have failed
  const auto byte = static_cast<std::uint8_t>(value);
  if (count == 1) {  // the usual case, without a vector
    DCDN_CHECK(write_all_at(fd_.get(), ByteView(&byte, 1), first, what_));
    bytes_[first] = byte;
    return {};
  }
  DCDN_CHECK(write_all_at(fd_.get(), Bytes(count, byte), first, what_));
  std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(first), count, byte);
  return {};
}

Result<void> HaveMap::sync() const {
  if (::fdatasync(fd_.get()) != 0) return errno_error(errno, what_ + ": fdatasync");
  return {};
}

}  // namespace dcdn::store
