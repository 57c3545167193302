#include "source/frame_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.hpp"

namespace dcdn::source {

namespace {

// A full pipe of the usual kernels is 64 KiB, a file gives more.
constexpr std::size_t kReadBytes = 256u << 10;
constexpr std::size_t kIdleBytes = 8u << 20;

}  // namespace

FrameInput::FrameInput(int fd, int interrupt_fd, std::string name)
    : fd_(fd),
      interrupt_fd_(interrupt_fd),
      name_(std::move(name)),
      pool_(kIdleBytes),
      reader_(wire::OnDamage::strict, pool_),
      block_(kReadBytes) {}

Result<void> FrameInput::wait() {
  pollfd ready[2] = {{fd_, POLLIN, 0}, {interrupt_fd_, POLLIN, 0}};
  while (::poll(ready, 2, -1) < 0)
    if (errno != EINTR) return errno_error(errno, name_ + ": poll");
  if (ready[1].revents != 0) return Error(Errc::interrupted, name_ + ": interrupted");
  return {};
}

Result<void> FrameInput::check_start(ByteView bytes) {
  if (recognised_) return {};
  const std::size_t missing = wire::kMagic.size() - start_.size();
  start_.insert(start_.end(), bytes.begin(),
                bytes.begin() + static_cast<std::ptrdiff_t>(std::min(missing, bytes.size())));
  if (start_.size() < wire::kMagic.size()) return {};
  recognised_ = wire::FrameReader::looks_like_stream(start_);
  if (recognised_) return {};
  return Error(Errc::corrupt, name_ + ": not a chunk stream")
      .with_hint(
          "make one with: dcdn-send --stdout PATH; for any file there is: dcdn-sign sign --detached FILE");
}

Result<void> FrameInput::start_with(ByteView bytes) {
  DCDN_CHECK(check_start(bytes));
  reader_.push(bytes);
  return {};
}

Result<bool> FrameInput::fill() {
  DCDN_CHECK(wait());
  ssize_t got = 0;
  while ((got = ::read(fd_, block_.data(), block_.size())) < 0)
    if (errno != EINTR) return errno_error(errno, name_ + ": read");
  const ByteView bytes = ByteView(block_).first(static_cast<std::size_t>(got));
  DCDN_CHECK(check_start(bytes));
  if (!bytes.empty()) {
    reader_.push(bytes);
    return true;
  }
  if (auto rest = reader_.finish(); !rest)
    return Error(Errc::incomplete, name_ + ": ends inside a frame: it was cut off");
  return false;
}

Result<std::optional<wire::Frame>> FrameInput::next() {
  auto step = reader_.next();
  if (!step) return step.error().during(name_);
  auto* frame = std::get_if<wire::Frame>(&*step);
  if (frame == nullptr) return std::optional<wire::Frame>();
  ++frames_;
  return std::optional<wire::Frame>(std::move(*frame));
}

}  // namespace dcdn::source
