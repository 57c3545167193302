// socket_path.hpp - local sockets whose path may be longer than sun_path's 108 bytes.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "base/unique_fd.hpp"
#include "dcdn/result.hpp"

namespace dcdn::console {

/// An address for `path`. A path that does not fit is reached through /proc/self/fd/<its directory>, so the
/// address holds only as long as this object.
class SocketPath {
 public:
  /// error usage: the last component alone is too long; not_found, permission: the directory cannot be
  /// opened.
  static Result<SocketPath> of(const std::string& path);
  [[nodiscard]] const sockaddr_un& address() const { return address_; }
  [[nodiscard]] const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] socklen_t size() const { return sizeof address_; }
  /// The directory the socket is in.
  [[nodiscard]] int directory() const { return directory_.get(); }
  /// Last component of the path.
  [[nodiscard]] const std::string& leaf() const { return leaf_; }

 private:
  UniqueFd directory_;
  std::string leaf_;
  sockaddr_un address_{};
};

/// The user at the other end of a connected local socket (SO_PEERCRED) is the one this process runs as.
bool is_same_user(int connected_fd);

}  // namespace dcdn::console
