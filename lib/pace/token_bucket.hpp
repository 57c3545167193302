// token_bucket.hpp - a rate cap with a burst. Time is a parameter.
#pragma once
#include <optional>

#include "dcdn/units.hpp"

namespace dcdn::pace {

class TokenBucket {
 public:
  /// per_second: 0 means no limit. burst: tokens that may be spent at once; starts full.
  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}
  /// Spends `tokens` if the bucket is not empty; it may go into debt by one spend, so that an item larger than the
  /// burst still passes and the long-run rate holds exactly.
  bool try_spend(double tokens, Micros now);
  /// When try_spend will next succeed: `now` or later.
  [[nodiscard]] Micros ready_at(Micros now) const;
  void set_rate(double per_second, Micros now);

 private:
  void refill(Micros now);
  double per_second_;
  double burst_;
  double tokens_;
  std::optional<Micros> last_;
};

}  // namespace dcdn::pace
