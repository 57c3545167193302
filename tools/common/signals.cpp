#include "common/signals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace dcdn::tool {

namespace {

// A handler may touch nothing but these.
volatile std::sig_atomic_t first_signal = 0;
volatile std::sig_atomic_t write_end = -1;
int read_end = -1;

extern "C" void on_signal(int number) {
  const int saved = errno;
  if (first_signal != 0 && number != SIGHUP) _exit(128 + number);
  if (first_signal == 0) {
    first_signal = number;
    const char byte = 0;
    // The pipe holds one byte for good; it cannot be full here.
    [[maybe_unused]] const ssize_t written = ::write(write_end, &byte, 1);
  }
  errno = saved;
}

}  // namespace

Result<void> install_signals() {
  if (read_end >= 0) return {};
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return errno_error(errno, "signal pipe");
  read_end = ends[0];
  write_end = ends[1];
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
  }
  return {};
}

void ignore_write_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

int interrupt_fd() {
  return read_end;
}

int caught_signal() {
  return first_signal;
}

}  // namespace dcdn::tool
