// serial_worker.hpp - one thread that runs jobs in the order it was told: the receiver's, which verifies,
// decompresses and writes what arrives, and the sender's, which looks for differences.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace dcdn::work {

/// Jobs run one after another. What bounds the queue is the flow credit that their data holds back: unlike a
/// Stage it never holds up who posts, the event loop, and does all that was posted before it ends.
class SerialWorker {
 public:
  SerialWorker() : thread_([this] { run(); }) {}
  ~SerialWorker();
  void post(std::function<void()> job);
  /// Waits until everything posted before has run. Not from a job.
  void drain();

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace dcdn::work
