#include "source/input.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace dcdn::source {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kAskAgain{100};

// For poll; rounded up, so that it does not return just before.
int milliseconds_until(Clock::time_point last) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(last - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

}  // namespace

bool readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&ready, 1, 0) > 0;
}

Input::Input(int fd, std::string name, Interrupt interrupt)
    : fd_(fd), name_(std::move(name)), interrupt_(std::move(interrupt)) {}

Error Input::stop_error() const {
  return {Errc::interrupted, interrupt_.message.empty() ? name_ + ": interrupted" : interrupt_.message};
}

Result<bool> Input::wait_until(std::optional<Clock::time_point> last) const {
  for (;;) {
    if (interrupt_.stopped && interrupt_.stopped()) return stop_error();
    pollfd ready[2] = {{fd_, POLLIN, 0}, {interrupt_.fd, POLLIN, 0}};  // poll skips a descriptor of -1
    int patience = last ? milliseconds_until(*last) : -1;
    const bool whole = !interrupt_.stopped || (last && patience <= kAskAgain.count());
    if (!whole) patience = static_cast<int>(kAskAgain.count());
    const int count = ::poll(ready, 2, patience);
    if (count < 0 && errno != EINTR) return errno_error(errno, name_ + ": poll");
    if (count > 0 && ready[1].revents != 0) return stop_error();
    if (count > 0) return true;
    if (count == 0 && whole) return false;
  }
}

Result<void> Input::wait() const {
  DCDN_CHECK(wait_until(std::nullopt));
  return {};
}

Result<bool> Input::wait_for(std::chrono::milliseconds patience) const {
  return wait_until(Clock::now() + patience);
}

Result<std::size_t> Input::read(MutableByteView into) {
  for (;;) {
    DCDN_CHECK(wait());
    const ssize_t got = ::read(fd_, into.data(), into.size());
    ended_ = got == 0;
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
      return errno_error(errno, name_ + ": read");
  }
}

Result<std::size_t> Input::read_full(MutableByteView into) {
  std::size_t got = 0;
  while (got < into.size()) {
    DCDN_TRY(const std::size_t part, read(into.subspan(got)));
    if (part == 0) break;
    got += part;
  }
  return got;
}

Result<void> check_empty(int fd, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode))) return {};
  return Error(Errc::io, name + " is empty: did the command before fail?");
}

}  // namespace dcdn::source
