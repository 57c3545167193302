#include "console/socket_path.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace dcdn::console {

Result<SocketPath> SocketPath::of(const std::string& path) {
  SocketPath made;
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  made.leaf_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (made.leaf_.empty() || path.find('\0') != std::string::npos)
    return Error(Errc::usage, escape_for_display(path) + ": is no name for a socket");
  made.directory_.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!made.directory_.valid()) return errno_error(errno, escape_for_display(directory) + ": open");
  std::string fits = path;
  if (fits.size() >= sizeof made.address_.sun_path)
    fits = "/proc/self/fd/" + std::to_string(made.directory_.get()) + "/" + made.leaf_;
  if (fits.size() >= sizeof made.address_.sun_path)
    return Error(Errc::usage, escape_for_display(made.leaf_) + ": is too long a name for a socket")
        .with_hint("a name of up to 80 bytes always fits");
  made.address_.sun_family = AF_UNIX;
  std::memcpy(made.address_.sun_path, fits.data(), fits.size());
  return made;
}

bool is_same_user(int connected_fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(connected_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && size == sizeof peer &&
         peer.uid == ::geteuid();
}

}  // namespace dcdn::console
