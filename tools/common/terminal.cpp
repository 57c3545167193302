#include "common/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "dcdn/escape.hpp"

namespace dcdn::tool {

namespace {

constexpr int kLeastWidth = 20;
constexpr std::size_t kLongestSecret = 1024;
constexpr char kControlC = 3;
constexpr char kControlD = 4;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The terminal a person sits at, with echo off while it lives.
class QuietTerminal {
 public:
  QuietTerminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    // Signals off too: a control-C must not leave the terminal without echo.
    quiet.c_lflag &= static_cast<tcflag_t>(~(ECHO | ISIG | ICANON));
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    ready_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal() {
    if (ready_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] bool ready() const { return ready_; }
  void say(std::string_view text) const {
    [[maybe_unused]] const ssize_t n = ::write(fd_, text.data(), text.size());
  }
  /// One character; false at the end of input or after a signal.
  bool read(char& into) const { return ::read(fd_, &into, 1) == 1; }

 private:
  int fd_;
  termios before_{};
  bool ready_ = false;
};

}  // namespace

bool is_terminal(int fd) {
  return ::isatty(fd) == 1;
}

int terminal_width(int fd) {
  winsize size{};
  int width = 0;
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  if (width == 0) width = std::atoi(environment("COLUMNS").c_str());
  if (width <= 0) width = 80;
  return std::clamp(width, kLeastWidth, 1000);
}

bool can_redraw(int fd) {
  const std::string term = environment("TERM");
  return is_terminal(fd) && !term.empty() && term != "dumb";
}

bool use_color(int fd) {
  const std::string force = environment("CLICOLOR_FORCE");
  if (!environment("NO_COLOR").empty()) return false;
  return can_redraw(fd) || (!force.empty() && force != "0");
}

Result<void> refuse_binary_on_terminal(int fd, const std::string& what, bool force) {
  if (force || !is_terminal(fd)) return {};
  return Error(Errc::usage, "standard output is a terminal, and " + what + " is not for reading")
      .with_hint("send it to a file or a program: > FILE or | PROGRAM");
}

Result<std::string> prompt_secret(const std::string& question) {
  const QuietTerminal terminal;
  if (!terminal.ready())
    return Error(Errc::usage, "there is no terminal to ask for the passphrase on")
        .with_hint("give it in a file or in the environment, as the manual page says");
  terminal.say(question);
  std::string secret;
  for (char c = 0; terminal.read(c);) {
    if (c == '\n' || c == '\r') {
      terminal.say("\n");
      return secret;
    }
    if (c == kControlC || c == kControlD) break;
    if (c == '\b' || c == '\x7f') {
      while (!secret.empty() && (secret.back() & 0xC0) == 0x80)
        secret.pop_back();  // rest of a UTF-8 character
      if (!secret.empty()) secret.pop_back();
      continue;
    }
    if (secret.size() == kLongestSecret) {
      terminal.say("\n");
      return Error(Errc::limit, "the passphrase is longer than 1024 bytes");
    }
    secret.push_back(c);
  }
  terminal.say("\n");
  return Error(Errc::interrupted, "no passphrase was given");
}

std::string escape(std::string_view text) {
  return escape_for_display(text);
}

}  // namespace dcdn::tool
