#include "node/loop_watch.hpp"

#include <fcntl.h>

#include <cerrno>

namespace dcdn::node {

LoopWatch::LoopWatch(asio::io_context& loop) : interrupt_(loop), limit_(loop), tick_(loop) {}

Result<void> LoopWatch::on_interrupt(int fd, std::function<void()> interrupted) {
  if (fd < 0) return {};
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return errno_error(errno, "interrupt descriptor");
  interrupt_.assign(copy);
  interrupt_.async_wait(asio::posix::stream_descriptor::wait_read,
                        [interrupted = std::move(interrupted)](std::error_code error) {
                          if (!error) interrupted();
                        });
  return {};
}

void LoopWatch::on_time_limit(std::chrono::milliseconds limit, std::function<void()> late) {
  if (limit.count() == 0) return;
  limit_.expires_after(limit);
  limit_.async_wait([late = std::move(late)](std::error_code error) {
    if (!error) late();
  });
}

void LoopWatch::every(std::chrono::milliseconds period, std::function<void()> tick) {
  arm_tick(period, std::move(tick));
}

void LoopWatch::arm_tick(std::chrono::milliseconds period, std::function<void()> tick) {
  tick_.expires_after(period);
  tick_.async_wait([this, period, tick = std::move(tick)](std::error_code error) mutable {
    if (error || stopped_) return;
    tick();
    if (!stopped_) arm_tick(period, std::move(tick));
  });
}

void LoopWatch::stop() {
  stopped_ = true;
  tick_.cancel();
  limit_.cancel();
  std::error_code nothing_to_cancel;  // no descriptor was given
  (void)interrupt_.cancel(nothing_to_cancel);
}

void LoopWatch::end_soon(asio::io_context& loop) {
  constexpr std::chrono::milliseconds kLastWords{10};
  limit_.expires_after(kLastWords);
  limit_.async_wait([&loop](std::error_code) { loop.stop(); });
}

}  // namespace dcdn::node
