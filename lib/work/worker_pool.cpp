#include "work/worker_pool.hpp"

#include <asio/post.hpp>
#include <atomic>
#include <latch>
#include <memory>
#include <thread>

namespace dcdn::work {

namespace {
unsigned usual_threads(unsigned asked) {
  if (asked != 0) return asked;
  return std::max(1u, std::thread::hardware_concurrency());
}

// A helper that comes late, because it worked for another caller, finds nothing left; nobody waits for it.
struct Batch {
  Batch(std::size_t jobs, const std::function<void(std::size_t)>& work)
      : count(jobs), job(work), done(static_cast<std::ptrdiff_t>(jobs)) {}
  void take_jobs() {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      job(i);
      done.count_down();
    }
  }
  const std::size_t count;
  const std::function<void(std::size_t)>& job;  // of the caller, who waits while one is left
  std::atomic<std::size_t> next{0};
  std::latch done;
};

}  // namespace

// The calling thread works too, so one thread fewer is started.
WorkerPool::WorkerPool(unsigned threads)
    : threads_(usual_threads(threads)), pool_(std::max(1u, usual_threads(threads) - 1)) {}

WorkerPool::~WorkerPool() {
  pool_.stop();
  pool_.join();
}

void WorkerPool::run(std::size_t count, const std::function<void(std::size_t)>& job) {
  if (count == 0) return;
  const auto batch = std::make_shared<Batch>(count, job);
  const std::size_t helpers = std::min<std::size_t>(threads_ - 1, count - 1);
  for (std::size_t i = 0; i < helpers; ++i) asio::post(pool_, [batch] { batch->take_jobs(); });
  batch->take_jobs();
  batch->done.wait();
}

}  // namespace dcdn::work
