// task.hpp - coroutines that give a Result, and the one place that starts them.
//
// House rule (g++ 12.2 destroys some temporaries twice): the operand of co_await is one plain call whose
// arguments are names, literals or constructed classes; scripts/check_coroutines greps for the rest.
#pragma once
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "dcdn/result.hpp"

namespace dcdn::net {

template <class T>
using Task = asio::awaitable<Result<T>>;

/// `co_await thing.async_x(use_tuple)` gives a tuple that starts with an error code instead of throwing.
inline constexpr auto use_tuple = asio::experimental::as_tuple(asio::use_awaitable);

/// Runs `task` on `executor`; `done(Result<T>)` is called there when it ends. An exception ends the process's
/// run(): it is a broken invariant.
template <class T, class Done>
void spawn(asio::any_io_executor executor, Task<T> task, Done done) {
  auto run = [](Task<T> inner, Done finish) -> asio::awaitable<void> {
    Result<T> result = co_await std::move(inner);
    finish(std::move(result));
  };
  asio::co_spawn(std::move(executor), run(std::move(task), std::move(done)), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

/// Something a coroutine waits for and a callback announces. One loop thread only.
class Signal {
 public:
  explicit Signal(const asio::any_io_executor& executor)
      : timer_(executor, asio::steady_timer::time_point::max()) {}
  /// Wakes everyone who waits now; remembered for the next wait if nobody does.
  void notify() {
    set_ = true;
    timer_.cancel();
  }
  /// Returns when notified (at once if it was already); clears the signal.
  asio::awaitable<void> wait() {
    while (!set_) {
      auto ignored = co_await timer_.async_wait(use_tuple);
      (void)ignored;
    }
    set_ = false;
  }
  /// True if notified, false after `timeout`.
  asio::awaitable<bool> wait_for(std::chrono::milliseconds timeout) {
    if (!set_) {
      timer_.expires_after(timeout);
      auto ignored = co_await timer_.async_wait(use_tuple);
      (void)ignored;
      timer_.expires_at(asio::steady_timer::time_point::max());
    }
    co_return std::exchange(set_, false);
  }

 private:
  asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace dcdn::net
