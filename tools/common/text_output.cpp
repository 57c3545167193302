#include "common/text_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace dcdn::tool {

Result<void> write_text(int fd, std::string_view text, const std::string& what) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody made the shared terminal or pipe non-blocking; wait as a blocking write would.
      pollfd waiting{fd, POLLOUT, 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return errno_error(errno, what);
    }
  }
  return {};
}

Result<std::string> read_text_file(const std::string& path, std::size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_error(errno, path);
  std::string text;
  std::array<char, 4096> piece{};
  ssize_t got = 0;
  int failure = 0;
  while (text.size() <= limit) {
    got = ::read(fd, piece.data(), piece.size());
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      failure = errno;
      break;
    }
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (failure != 0) return errno_error(failure, path);
  if (text.size() > limit)
    return Error(Errc::limit, path + ": longer than " + std::to_string(limit) + " bytes");
  return text;
}

}  // namespace dcdn::tool
