// token_bucket.hpp - a rate cap with a burst. Time is a parameter.
#pragma once
#include <algorithm>
#include <optional>

#include "dcdn/units.hpp"

namespace dcdn::pace {

/// A time earlier than one seen before counts as that one: nothing is earned twice, and nothing is lost once
/// time has caught up.
class TokenBucket {
 public:
  /// per_second: 0 means no limit. burst: tokens that may be spent at once, at least 1; starts full.
  TokenBucket(double per_second, double burst)
      : per_second_(per_second), burst_(std::max(burst, 1.0)), tokens_(burst_) {}
  /// Spends `tokens` if the bucket is not empty; it may go into debt by one spend, so that an item larger
  /// than the burst still passes and the long-run rate holds exactly.
  bool try_spend(double tokens, Micros now);
  /// When try_spend will next succeed: `now` or later.
  [[nodiscard]] Micros ready_at(Micros now) const;
  /// What was earned so far was earned at the old rate, and what the new burst does not hold is lost. A
  /// bucket that had no limit is full.
  void set_rate(double per_second, double burst, Micros now);

 private:
  [[nodiscard]] bool unlimited() const { return !(per_second_ > 0); }
  [[nodiscard]] double tokens_at(Micros now) const;
  void refill(Micros now);
  double per_second_;
  double burst_;
  double tokens_;
  std::optional<Micros> last_;
};

}  // namespace dcdn::pace
