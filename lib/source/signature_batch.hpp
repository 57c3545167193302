// signature_batch.hpp - the signatures among frames that came together, checked on all cores at once.
//
// GnuTLS has no batch verification in the mathematical sense, so a batch is as many single ones side by side.
// It holds nothing back: a batch is what one read brought. What that brings, and why to wait for more does
// not pay: dcdn-performance(7), SIGNATURES AND ENCRYPTION.
#pragma once
#include <memory>
#include <vector>

#include "wire/frame.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::source {

class SignatureBatch {
 public:
  static constexpr std::size_t kLeast = 2;  ///< fewer are checked where they are used

  /// threads 0: as many as there are cores; they are started by the first batch.
  explicit SignatureBatch(unsigned threads = 0) : threads_(threads) {}
  /// For each frame whether it is a signature frame that was found good. The others are to be looked at one
  /// by one, which also gives the first bad one its error.
  std::vector<bool> check(const std::vector<wire::Frame>& frames);

 private:
  unsigned threads_;
  std::unique_ptr<work::WorkerPool> pool_;
};

}  // namespace dcdn::source
