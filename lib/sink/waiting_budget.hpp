// waiting_budget.hpp - how much may wait for what it is compressed after, of all objects that come together.
#pragma once
#include <cstddef>

namespace dcdn::sink {

/// Threads  one at a time
class WaitingBudget {
 public:
  /// As much as a sender of ours has under way at most.
  static constexpr std::size_t kMostBytes = 24u << 20;
  static constexpr std::size_t kMostChunks = 4096;

  /// False: too much waits.
  [[nodiscard]] bool take(std::size_t bytes) {
    if (chunks_ >= kMostChunks || bytes > kMostBytes - bytes_) return false;
    ++chunks_;
    bytes_ += bytes;
    return true;
  }
  void give_back(std::size_t bytes) {
    --chunks_;
    bytes_ -= bytes;
  }

 private:
  std::size_t bytes_ = 0;
  std::size_t chunks_ = 0;
};

}  // namespace dcdn::sink
