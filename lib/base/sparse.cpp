#include "base/sparse.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "base/unique_fd.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kBlock = 4096;  // what file systems give room by

bool is_zero(ByteView bytes) {
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// How many of the first bytes are alike in this: blocks of zeros, or something else. `offset`: of `bytes` in
/// the file; a part of a block counts as something else.
std::size_t alike(ByteView bytes, std::uint64_t offset, bool& zeros) {
  std::size_t end = 0;
  while (end < bytes.size()) {
    const std::size_t left = kBlock - static_cast<std::size_t>((offset + end) % kBlock);
    const ByteView block = bytes.subspan(end, std::min(left, bytes.size() - end));
    const bool empty = block.size() == kBlock && is_zero(block);
    if (end == 0) zeros = empty;
    if (empty != zeros) break;
    end += block.size();
  }
  return end;
}

}  // namespace

Result<void> write_sparse_at(int fd, ByteView bytes, std::uint64_t offset, const std::string& what) {
  while (!bytes.empty()) {
    bool zeros = false;
    const std::size_t part = alike(bytes, offset, zeros);
    if (!zeros) DCDN_CHECK(write_all_at(fd, bytes.first(part), offset, what));
    bytes = bytes.subspan(part);
    offset += part;
  }
  return {};
}

void free_zeros(int fd, ByteView bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    bool zeros = false;
    const std::size_t part = alike(bytes.subspan(at), at, zeros);
    if (zeros && ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at),
                             static_cast<off_t>(part)) != 0)
      return;
    at += part;
  }
}

}  // namespace dcdn
