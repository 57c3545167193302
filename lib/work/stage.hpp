// stage.hpp - one step of a pipeline on a thread of its own, with a bounded queue before it.
//
// Unlike SerialWorker it holds up who puts faster than it works, stops at the first error, and drops what
// waits when it ends: an event loop could not wait for it, and a file need not be written to its end.
//
// Threads  put and drain: one thread, the one that made it. The work: the stage's own thread, an item at a
// time.
#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "dcdn/result.hpp"

namespace dcdn::work {

template <class Item>
class Stage {
 public:
  using Work = std::function<Result<void>(Item&)>;
  /// most_waiting: in the unit of put's `weight`. threaded false, or where the system has no thread to give:
  /// the work is done inside put.
  Stage(bool threaded, std::size_t most_waiting, Work work)
      : most_waiting_(most_waiting), work_(std::move(work)) {
    try {
      if (threaded) thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      // Slower, and it works.
    }
  }
  /// What still waits is dropped: call drain first.
  ~Stage() {
    {
      const std::lock_guard lock(mutex_);
      queue_.clear();
      ended_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Waits while more than most_waiting is queued; a single item is always taken.
  /// error  what the work on an earlier item said, or throws what it threw: nothing is done after that
  Result<void> put(Item item, std::size_t weight = 1) {
    if (!thread_.joinable()) return error_ ? Result<void>(*error_) : note(work_(item));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return broken() || queue_.empty() || waiting_ + weight <= most_waiting_; });
    if (broken()) return why();
    waiting_ += weight;
    queue_.emplace_back(std::move(item), weight);
    changed_.notify_all();
    return {};
  }
  /// Waits until everything is done. error as put.
  Result<void> drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return broken() || (queue_.empty() && !working_); });
    return broken() ? why() : Result<void>();
  }

 private:
  [[nodiscard]] bool broken() const { return error_ || thrown_; }
  [[nodiscard]] Result<void> why() const {
    if (thrown_) std::rethrow_exception(thrown_);
    return *error_;
  }
  Result<void> note(Result<void> done) {
    if (!done) error_ = done.error();
    return done;
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return ended_ || !queue_.empty(); });
      if (ended_) return;
      auto [item, weight] = std::move(queue_.front());
      queue_.pop_front();
      waiting_ -= weight;
      working_ = true;
      changed_.notify_all();
      lock.unlock();
      Result<void> done;
      std::exception_ptr thrown;
      try {
        done = work_(item);
        item = Item();
      } catch (...) {
        thrown = std::current_exception();  // out of memory: for who puts, on its own thread
      }
      lock.lock();
      working_ = false;
      thrown_ = thrown;
      // Moved: nobody would catch a copy that finds no memory.
      if (!done) error_.emplace(std::move(done.error()));
      if (broken()) queue_.clear();
      changed_.notify_all();
      if (broken()) return;
    }
  }

  const std::size_t most_waiting_;
  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Item, std::size_t>> queue_;
  std::size_t waiting_ = 0;
  bool working_ = false;
  bool ended_ = false;
  std::optional<Error> error_;
  std::exception_ptr thrown_;
  std::thread thread_;
};

}  // namespace dcdn::work
