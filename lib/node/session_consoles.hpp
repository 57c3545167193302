// session_consoles.hpp - a local socket for each session that runs here: pause, resume, cancel and status
// from another terminal, alike for what is sent and what is received.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "console/control_socket.hpp"
#include "dcdn/home.hpp"
#include "node/console_commands.hpp"
#include "node/session_table.hpp"

namespace dcdn::node {

/// What a session can be told. Called on the loop.
struct SessionControl {
  struct Status {
    std::string state;  ///< as in Progress
    std::uint64_t bytes_done = 0;
    double rate = 0;  ///< bytes/s
  };
  /// The row has the new state already. error: it did not work, and the person is told.
  std::function<Result<void>(bool paused)> set_paused;
  std::function<Result<void>()> cancel;
  std::function<Status()> status;
};

ConsoleCommands session_commands(SessionTable& table, const std::string& id, SessionControl control);

/// Threads  the loop's; ends before the loop and after nothing else.
class SessionConsoles {
 public:
  SessionConsoles(asio::any_io_executor executor, Home home, SessionTable& table)
      : executor_(std::move(executor)), home_(std::move(home)), table_(table) {}
  /// error: as serve_control; locked: another process runs the session.
  Result<void> open(const std::string& id, SessionControl control);
  void close(const std::string& id) { servers_.erase(id); }
  void close_all() { servers_.clear(); }

 private:
  asio::any_io_executor executor_;
  Home home_;
  SessionTable& table_;
  std::map<std::string, std::unique_ptr<console::ControlServer>> servers_;
};

}  // namespace dcdn::node
