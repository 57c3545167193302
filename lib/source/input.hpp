// input.hpp - a descriptor to read from, and the one way to be told that nobody wants it any more.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::source {

/// Something can be read from `fd`, or it has ended; false for -1. Does not wait.
bool readable(int fd);

/// When reading should stop: at either of both.
struct Interrupt {
  int fd = -1;                      ///< has become readable; -1: none
  std::function<bool()> stopped{};  ///< returns true; asked before every wait and each 100 ms of it
  std::string message{};            ///< of the error; empty: "<name>: interrupted"
};

/// Of an input of which nothing came. A file or a device that is empty was meant to be; out of a pipe nothing
/// comes if what fills it has failed: error io then.
Result<void> check_empty(int fd, const std::string& name);

/// Asked when an input has ended: whether that was all of it. `stopped` as in Interrupt. Any thread.
using InputEnd = std::function<Result<void>(const std::function<bool()>& stopped)>;

/// Does not own the descriptor. Another process that shares it may have made it non-blocking: that is the
/// same here. A regular file is always readable.
class Input {
 public:
  /// `name` stands in errors: "standard input", or a path made safe to show.
  Input(int fd, std::string name, Interrupt interrupt = {});

  /// Waits until something can be read or the input has ended. error interrupted, io.
  Result<void> wait() const;
  /// The same for at most `patience`; false if nothing came.
  [[nodiscard]] Result<bool> wait_for(std::chrono::milliseconds patience) const;
  /// Waits, then reads what is there into the beginning of `into`, which is not empty: 0 at the end.
  /// error as wait
  Result<std::size_t> read(MutableByteView into);
  /// Until `into` is full or the input ends. error as wait
  Result<std::size_t> read_full(MutableByteView into);
  /// A read has met the end.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] Error stop_error() const;
  [[nodiscard]] Result<bool> wait_until(std::optional<std::chrono::steady_clock::time_point> last) const;

  int fd_;
  std::string name_;
  Interrupt interrupt_;
  bool ended_ = false;
};

}  // namespace dcdn::source
