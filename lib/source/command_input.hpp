// command_input.hpp - what a command writes, and whether the command says that this was all of it.
#pragma once
#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/unique_fd.hpp"
#include "source/input.hpp"

namespace dcdn::source {

/// Threads  finish() on any
class CommandInput {
 public:
  /// Starts `command` by /bin/sh, with nothing on its standard input, our standard error, and no signal
  /// blocked or ignored. error io: it cannot be started.
  static Result<std::shared_ptr<CommandInput>> start(const std::string& command);
  ~CommandInput();  ///< ends the command (TERM, and KILL after two seconds) if it still runs
  CommandInput(const CommandInput&) = delete;
  CommandInput& operator=(const CommandInput&) = delete;

  [[nodiscard]] int fd() const { return read_.get(); }
  /// When fd() has ended: waits for the command's end. error io: it failed, so what it wrote is not all that
  /// there should be; interrupted.
  Result<void> finish(const std::function<bool()>& stopped);

 private:
  CommandInput() = default;
  bool ended();  // with the mutex held: it has, and status_ says how

  std::string shown_;
  UniqueFd read_;
  pid_t child_ = -1;
  std::mutex mutex_;
  bool reaped_ = false;
  int status_ = 0;
};

}  // namespace dcdn::source
