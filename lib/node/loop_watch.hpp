// loop_watch.hpp - what every long-running call needs beside its session: interrupts, a time limit, a ticking
// clock.
#pragma once
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "dcdn/result.hpp"

namespace dcdn::node {

class LoopWatch {
 public:
  explicit LoopWatch(asio::io_context& loop);
  /// Calls `interrupted` once when `fd` becomes readable; nothing for -1. The descriptor stays the caller's.
  Result<void> on_interrupt(int fd, std::function<void()> interrupted);
  /// Calls `late` once after `limit`; nothing for 0.
  void on_time_limit(std::chrono::milliseconds limit, std::function<void()> late);
  /// Calls `tick` every `period` until stop().
  void every(std::chrono::milliseconds period, std::function<void()> tick);
  void stop();
  /// Ends the loop once what closing connections still had to say is on the wire; a peer that misses it times
  /// out.
  void end_soon(asio::io_context& loop);

 private:
  void arm_tick(std::chrono::milliseconds period, std::function<void()> tick);
  asio::posix::stream_descriptor interrupt_;
  asio::steady_timer limit_;
  asio::steady_timer tick_;
  bool stopped_ = false;
};

}  // namespace dcdn::node
