// control_socket.hpp - commands to a running process from another terminal: one JSON object a line.
//
// The socket is STATE/control/<session>.sock, mode 0600 in a 0700 directory; only the same user may connect
// (SO_PEERCRED is checked as well).
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "dcdn/result.hpp"

namespace dcdn::console {

/// {"command":"pause"} in, one JSON object out: {"ok":true,...} or
/// {"ok":false,"code":"usage","message":"..."}. Called on the executor's thread with the line, without its
/// newline; what it returns must hold no newline.
using Handler = std::function<std::string(const std::string& request_line)>;

/// Longest request, newline included.
inline constexpr std::size_t kMaxLineBytes = std::size_t{64} << 10;

class ControlServer {
 public:
  virtual ~ControlServer() = default;  // unlinks the socket
};
/// A stale socket of a dead process is replaced, its directory is made (0700) when missing, and a path longer
/// than a socket address holds is fine as long as its last component is short. Serves up to 32 clients at a
/// time; one that does not finish its line, or does not take its answer, within 10 s is hung up on.
/// Threads  destroy it on the executor's thread, or after that has stopped; before the io_context.
/// error locked: a live process answers there; exists: something else than a socket is there.
Result<std::unique_ptr<ControlServer>> serve_control(asio::any_io_executor executor, const std::string& path,
                                                     Handler handler);
/// Blocking, for the commanding tool. error not_found: nobody listens there. timeout 5 s: temporary.
Result<std::string> ask_control(const std::string& path, const std::string& request_line);

}  // namespace dcdn::console
