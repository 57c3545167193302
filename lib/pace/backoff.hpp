// backoff.hpp - exponential back-off: 100 ms doubling to 10 s, 60 s in all (or for ever), with jitter from
// the caller.
#pragma once
#include <chrono>
#include <optional>

namespace dcdn::pace {

struct BackoffOptions {
  std::chrono::milliseconds first{100};  ///< at least 1 ms is waited
  std::chrono::milliseconds longest{10000};
  std::chrono::milliseconds total{60000};  ///< since the last success; ignored with `forever`
  bool forever = false;
};

class Backoff {
 public:
  explicit Backoff(BackoffOptions options) : options_(options), next_(options.first) {}
  /// How long to wait before the next try; nullopt when `total` is used up. jitter 0..1 scales the wait by
  /// 0.75..1.25. spent: time already lost to the failed try itself. The last wait is cut short to end with
  /// `total`.
  std::optional<std::chrono::milliseconds> next(double jitter, std::chrono::milliseconds spent);
  /// A try worked: start over.
  void reset();
  /// Waits granted since the last success.
  [[nodiscard]] int tries() const { return tries_; }

 private:
  BackoffOptions options_;
  std::chrono::milliseconds next_;
  std::chrono::milliseconds used_{0};
  int tries_ = 0;
};

}  // namespace dcdn::pace
