// unique_fd.hpp - owns a file descriptor; whole reads and writes that survive EINTR, short counts and
// O_NONBLOCK.
#pragma once
#include <unistd.h>

#include <string>
#include <utility>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// Reads until `into` is full or the input ends; returns how many bytes. `what` names the input in an error.
Result<std::size_t> read_full(int fd, MutableByteView into, const std::string& what);
/// pread until `into` is full or the file ends.
Result<std::size_t> read_full_at(int fd, MutableByteView into, std::uint64_t offset, const std::string& what);
Result<void> write_all(int fd, ByteView bytes, const std::string& what);
Result<void> write_all_at(int fd, ByteView bytes, std::uint64_t offset, const std::string& what);
/// A whole small file. error limit: longer than `limit` bytes.
Result<Bytes> read_file(const std::string& path, std::size_t limit);
/// The part of `path` before the last slash; "." if there is none.
std::string folder_of(const std::string& path);
/// The names that were given or taken away in a folder so far are on disk when this returns.
Result<void> sync_folder(int fd, const std::string& what);
Result<void> sync_folder(const std::string& folder);
/// mkdir -p with `mode` for what it makes; their names are on disk when this returns.
Result<void> make_directories(const std::string& path, unsigned mode);

}  // namespace dcdn
