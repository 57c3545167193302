#include "source/recovering_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace dcdn::source {

namespace {
constexpr std::size_t kReadBytes = 256u << 10;
}  // namespace

RecoveringInput::RecoveringInput(int fd, int interrupt_fd, std::string name, BufferPool& pool)
    : fd_(fd), interrupt_fd_(interrupt_fd), name_(std::move(name)), reader_(wire::OnDamage::recover, pool) {}

Result<void> RecoveringInput::read(ByteView head, const Take& take) {
  reader_.push(head);
  DCDN_CHECK(drain(take));
  Bytes block(kReadBytes);
  for (;;) {
    DCDN_TRY(const std::size_t got, read_some(block));
    if (got == 0) break;
    bytes_ += got;
    reader_.push(ByteView(block).first(got));
    DCDN_CHECK(drain(take));
  }
  DCDN_TRY(const auto rest, reader_.finish());
  if (rest) damaged_bytes_ += rest->bytes;
  return drain(take);  // frames inside a claim that the end of input cut off
}

Result<std::size_t> RecoveringInput::read_some(Bytes& block) {
  for (;;) {
    pollfd ready[2] = {{fd_, POLLIN, 0}, {interrupt_fd_, POLLIN, 0}};
    if (::poll(ready, interrupt_fd_ >= 0 ? 2 : 1, -1) < 0 && errno != EINTR)
      return errno_error(errno, name_ + ": poll");
    if (ready[1].revents != 0)
      return Error(Errc::interrupted, "interrupted; what is complete so far is kept");
    if (ready[0].revents == 0) continue;
    const ssize_t got = ::read(fd_, block.data(), block.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return errno_error(errno, name_ + ": read");
  }
}

Result<void> RecoveringInput::drain(const Take& take) {
  for (;;) {
    DCDN_TRY(const auto step, reader_.next());
    if (std::holds_alternative<wire::NeedInput>(step)) return {};
    if (const auto* damage = std::get_if<wire::Damage>(&step)) damaged_bytes_ += damage->bytes;
    if (const auto* frame = std::get_if<wire::Frame>(&step)) DCDN_CHECK(take(*frame));
  }
}

}  // namespace dcdn::source
