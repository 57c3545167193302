#include "session/worker_pool.hpp"

#include <asio/post.hpp>
#include <atomic>
#include <latch>
#include <thread>

namespace dcdn::session {

namespace {
unsigned usual_threads(unsigned asked) {
  if (asked != 0) return asked;
  return std::max(1u, std::thread::hardware_concurrency());
}
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
  std::atomic<std::size_t> next{0};
  const auto take_jobs = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) job(i);
  };
  const std::size_t helpers = std::min<std::size_t>(threads_ - 1, count - 1);
  std::latch helpers_done(static_cast<std::ptrdiff_t>(helpers));
  for (std::size_t i = 0; i < helpers; ++i) {
    asio::post(pool_, [&] {
      take_jobs();
      helpers_done.count_down();
    });
  }
  take_jobs();
  helpers_done.wait();
}

}  // namespace dcdn::session
