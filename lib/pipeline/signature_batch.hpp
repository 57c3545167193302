// signature_batch.hpp - the signatures among frames that came together, checked side by side.
//
// GnuTLS has no batch verification in the mathematical sense, so a batch is as many single ones side by side.
// It holds nothing back: a batch is what one read brought. What that brings, and why to wait for more does
// not pay: dcdn-performance(7), SIGNATURES AND ENCRYPTION.
#pragma once
#include <functional>
#include <vector>

#include "wire/frame.hpp"

namespace dcdn::pipeline {

class SignatureBatch {
 public:
  static constexpr std::size_t kLeast = 2;  ///< fewer are checked where they are used

  /// Calls job(0) .. job(count-1), each once, on as many threads as it likes, and returns when all are done.
  using RunAll = std::function<void(std::size_t count, const std::function<void(std::size_t)>& job)>;

  /// Not called before there is a batch.
  explicit SignatureBatch(RunAll run_all) : run_all_(std::move(run_all)) {}
  /// For each frame whether it is a signature frame that was found good. The others are to be looked at one
  /// by one, which also gives the first bad one its error.
  std::vector<bool> check(const std::vector<wire::Frame>& frames);

 private:
  RunAll run_all_;
};

}  // namespace dcdn::pipeline
