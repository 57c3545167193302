// worker_pool.hpp - runs a batch of independent jobs on all cores and waits for them.
#pragma once
#include <asio/thread_pool.hpp>
#include <functional>

namespace dcdn::work {

class WorkerPool {
 public:
  /// threads 0: as many as there are cores.
  explicit WorkerPool(unsigned threads);
  ~WorkerPool();
  /// Calls job(0) .. job(count-1), each once, begun in this order, some on this thread; returns when all are
  /// done. Several threads may call it at once.
  void run(std::size_t count, const std::function<void(std::size_t)>& job);

 private:
  unsigned threads_;
  asio::thread_pool pool_;
};

}  // namespace dcdn::work
