#include "work/serial_worker.hpp"

#include <future>
#include <utility>

namespace dcdn::work {

SerialWorker::~SerialWorker() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SerialWorker::post(std::function<void()> job) {
  {
    std::lock_guard lock(mutex_);
    // cppcheck-suppress danglingLifetime  // drain() waits for its own
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void SerialWorker::drain() {
  std::promise<void> done;
  post([&done] { done.set_value(); });
  done.get_future().wait();
}

// What is queued is finished before the end: a chunk that was received is not thrown away.
void SerialWorker::run() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace dcdn::work
