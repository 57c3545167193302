#include "pace/token_bucket.hpp"

#include <cmath>

namespace dcdn::pace {

namespace {
constexpr double kMicrosPerSecond = 1e6;
// About 30 years: a longer wait means never, and fits every clock.
constexpr double kLongestWait = 1e15;
}  // namespace

double TokenBucket::tokens_at(Micros now) const {
  if (unlimited()) return burst_;
  if (!last_ || now <= *last_) return tokens_;
  const double elapsed = static_cast<double>((now - *last_).count());
  return std::min(burst_, tokens_ + elapsed * per_second_ / kMicrosPerSecond);
}

void TokenBucket::refill(Micros now) {
  tokens_ = tokens_at(now);
  last_ = last_ ? std::max(*last_, now) : now;
}

bool TokenBucket::try_spend(double tokens, Micros now) {
  refill(now);
  if (unlimited()) return true;
  if (tokens_ <= 0) return false;
  tokens_ -= tokens;
  return true;
}

Micros TokenBucket::ready_at(Micros now) const {
  const double tokens = tokens_at(now);
  if (tokens > 0) return now;
  const Micros from = last_ ? std::max(*last_, now) : now;
  const double wait = std::floor(-tokens * kMicrosPerSecond / per_second_) + 1;
  if (!(wait < kLongestWait)) return from + Micros(static_cast<Micros::rep>(kLongestWait));
  Micros ready = from + Micros(static_cast<Micros::rep>(wait));
  // Rounding may leave the debt a hair short of paid; a wake-up that then finds nothing would be wasted.
  while (tokens_at(ready) <= 0) ++ready;
  return ready;
}

void TokenBucket::set_rate(double per_second, double burst, Micros now) {
  refill(now);
  const bool was_unlimited = unlimited();
  per_second_ = per_second;
  burst_ = std::max(burst, 1.0);
  tokens_ = was_unlimited ? burst_ : std::min(tokens_, burst_);
}

}  // namespace dcdn::pace
