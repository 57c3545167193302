#include "work/worker_pool.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

namespace dcdn::work {

// Lives with its caller, who waits while a helper is in it.
struct WorkerPool::Batch {
  void take_jobs() {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        job(i);
      } catch (...) {
        next = count;
        if (!failed.exchange(true)) failure = std::current_exception();
      }
    }
  }
  const std::size_t count;
  const std::function<void(std::size_t)>& job;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure{};  // of whoever set `failed`
  std::size_t most_helpers = 0;
  std::size_t helpers = 0;  // guarded by mutex_
};

unsigned usual_threads(unsigned threads) {
  return threads != 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
}

std::thread WorkerPool::start_thread(std::function<void()> run) {
  return std::thread(std::move(run));
}

// The calling thread works too, so one thread fewer is started.
WorkerPool::WorkerPool(unsigned threads, const StartThread& start) {
  const std::size_t wanted = usual_threads(threads) - 1;
  try {
    threads_.reserve(wanted);
    while (threads_.size() < wanted) threads_.push_back(start([this] { help(); }));
  } catch (const std::exception&) {
    // Short of threads or of memory for one: those that were started are enough.
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  waiting_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::help() {
  std::unique_lock lock(mutex_);
  for (;;) {
    waiting_.wait(lock, [this] { return ending_ || !batches_.empty(); });
    if (ending_) return;
    Batch& batch = *batches_.front();
    if (++batch.helpers >= batch.most_helpers) std::erase(batches_, &batch);  // it has as many as it may
    lock.unlock();
    batch.take_jobs();
    lock.lock();
    std::erase(batches_, &batch);  // nothing of it is left to begin
    if (--batch.helpers == 0) finished_.notify_all();
  }
}

void WorkerPool::run(std::size_t count, const std::function<void(std::size_t)>& job, std::size_t at_once) {
  Batch batch{count, job};
  batch.most_helpers = at_once - 1;
  const std::size_t useful = count > 0 ? std::min({threads_.size(), count - 1, batch.most_helpers}) : 0;
  if (useful > 0) {
    const std::lock_guard lock(mutex_);
    batches_.push_back(&batch);
  }
  for (std::size_t i = 0; i < useful; ++i) waiting_.notify_one();
  batch.take_jobs();
  if (useful > 0) {
    std::unique_lock lock(mutex_);
    std::erase(batches_, &batch);
    finished_.wait(lock, [&batch] { return batch.helpers == 0; });
  }
  if (batch.failure) std::rethrow_exception(batch.failure);
}

}  // namespace dcdn::work
