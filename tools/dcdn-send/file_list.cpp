#include "dcdn-send/file_list.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/terminal.hpp"

namespace dcdn::tool {

namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr std::size_t kReadBytes = std::size_t{64} << 10;

Result<std::string> read_text(int fd, const std::string& what) {
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kReadBytes);
    const ssize_t got = ::read(fd, text.data() + before, kReadBytes);
    if (got < 0 && errno != EINTR) return errno_error(errno, what + ": read");
    text.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) return text;
    if (text.size() > kMostBytes) return Error(Errc::limit, what + ": is longer than 256 MiB");
  }
}

}  // namespace

Result<std::vector<std::string>> read_file_list(const std::string& file, bool ends_with_nul) {
  const bool input = file == "-";
  const std::string what = input ? "--files-from: standard input" : "--files-from " + escape(file);
  const int fd = input ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_error(errno, what);
  const auto text = read_text(fd, what);
  if (!input) ::close(fd);
  if (!text) return text.error();
  std::vector<std::string> paths;
  const char end = ends_with_nul ? '\0' : '\n';
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t to = std::min(text->find(end, at), text->size());
    if (to > at) paths.push_back(text->substr(at, to - at));
    at = to + 1;
  }
  return paths;
}

}  // namespace dcdn::tool
