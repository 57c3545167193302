// worker_pool.hpp - runs a batch of independent jobs on all cores and waits for them.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dcdn::work {

/// threads 0: as many as there are cores.
unsigned usual_threads(unsigned threads);

class WorkerPool {
 public:
  /// How a thread is made; throws std::system_error where the system has none to give.
  using StartThread = std::function<std::thread(std::function<void()>)>;
  /// threads as usual_threads. A thread that cannot be had is done without: who calls run works as well.
  explicit WorkerPool(unsigned threads, const StartThread& start = start_thread);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// Calls job(0) .. job(count-1), each once, begun in this order, some on this thread; returns when all are
  /// done. Several threads may call it at once. What a job throws is thrown here, the first of several, when
  /// no job runs any more; none is begun after it.
  /// at_once: of at least 1; no more threads than that are in a job.
  void run(std::size_t count, const std::function<void(std::size_t)>& job,
           std::size_t at_once = static_cast<std::size_t>(-1));
  /// Threads that work beside the callers.
  [[nodiscard]] std::size_t helpers() const { return threads_.size(); }

 private:
  struct Batch;
  static std::thread start_thread(std::function<void()> run);
  void help();

  std::mutex mutex_;
  std::condition_variable waiting_;   // of helpers, for a batch
  std::condition_variable finished_;  // of callers, for their helpers
  std::vector<Batch*> batches_;       // of which jobs may be left to begin
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace dcdn::work
