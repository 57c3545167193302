// control_socket.hpp - commands to a running process from another terminal: a local socket, one JSON object a line.
//
// The socket is STATE/control/<session>.sock, mode 0600 in a 0700 directory; only the same user may connect
// (SO_PEERCRED is checked as well).
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "dcdn/result.hpp"

namespace dcdn::control {

/// {"command":"pause"} in, one JSON object out: {"ok":true,...} or {"ok":false,"code":"usage","message":"..."}.
using Handler = std::function<std::string(const std::string& request_line)>;

class ControlServer {
 public:
  virtual ~ControlServer() = default;  // unlinks the socket
};
/// A stale socket of a dead process is replaced. error locked: a live process answers there.
Result<std::unique_ptr<ControlServer>> serve_control(asio::any_io_executor executor, const std::string& path,
                                                     Handler handler);
/// Blocking, for the commanding tool. error not_found: nobody listens there. timeout 5 s: temporary.
Result<std::string> ask_control(const std::string& path, const std::string& request_line);

}  // namespace dcdn::control
