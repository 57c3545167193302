// The asking side of control_socket.hpp: plain blocking calls with one deadline, for a command that does
// nothing else.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "base/text.hpp"
#include "console/control_socket.hpp"
#include "console/socket_path.hpp"

namespace dcdn::console {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kAnswerPatience{5};
constexpr std::size_t kMaxAnswerBytes = 1u << 20;

struct Asking {
  UniqueFd fd;
  std::string name;
  Clock::time_point until = Clock::now() + kAnswerPatience;

  Error too_slow() const {
    return Error(Errc::temporary, name + ": the process there did not answer within 5 s")
        .with_hint("it may be busy: try again");
  }
  Result<void> wait(short events) const {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      if (left <= 0) return too_slow();
      pollfd waiting{fd.get(), events, 0};
      const int ready = ::poll(&waiting, 1, static_cast<int>(left));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return errno_error(errno, name + ": poll");
    }
  }
  Result<void> connect(const SocketPath& path) const {
    while (::connect(fd.get(), path.generic(), path.size()) != 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {  // its queue is full; there is no event for that
        pollfd nothing{-1, 0, 0};
        ::poll(&nothing, 1, 20);
        if (Clock::now() > until) return too_slow();
        continue;
      }
      if (errno == ENOENT || errno == ECONNREFUSED)
        return Error(Errc::not_found, name + ": no process listens there")
            .with_hint("the session is not running");
      return errno_error(errno, name + ": connect");
    }
    return {};
  }
  Result<void> send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        text.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN) {
        DCDN_CHECK(wait(POLLOUT));
      } else if (errno != EINTR) {
        return hung_up();
      }
    }
    return {};
  }
  Error hung_up() const {
    return Error(Errc::temporary, name + ": the process there hung up without an answer")
        .with_hint("it may just have ended, or belongs to another user");
  }
  Result<std::string> receive() const {
    std::string answer;
    char piece[4096];
    for (;;) {
      const ssize_t n = ::recv(fd.get(), piece, sizeof piece, 0);
      if (n > 0) {
        const std::string_view got(piece, static_cast<std::size_t>(n));
        answer += got.substr(0, got.find('\n'));
        if (got.find('\n') != got.npos) return answer;
        if (answer.size() > kMaxAnswerBytes)
          return Error(Errc::limit, name + ": the answer there has no end");
      } else if (n < 0 && errno == EAGAIN) {
        DCDN_CHECK(wait(POLLIN));
      } else if (n == 0 || errno != EINTR) {
        return hung_up();
      }
    }
  }
};

}  // namespace

Result<std::string> ask_control(const std::string& path, const std::string& request_line) {
  if (request_line.size() >= kMaxLineBytes || request_line.find('\n') != std::string::npos)
    return Error(Errc::usage, "a control request is one line of less than 65536 bytes");
  auto place = SocketPath::of(path);
  if (!place && place.error().code == Errc::not_found)
    return Error(Errc::not_found, escape_for_display(path) + ": no process listens there")
        .with_hint("the session is not running");
  DCDN_TRY(const SocketPath there, std::move(place));
  Asking asking{UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
                escape_for_display(path)};
  if (!asking.fd.valid()) return errno_error(errno, asking.name + ": make socket");
  DCDN_CHECK(asking.connect(there));
  DCDN_CHECK(asking.send(request_line + "\n"));
  return asking.receive();
}

}  // namespace dcdn::console
