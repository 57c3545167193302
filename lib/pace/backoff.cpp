#include "pace/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dcdn::pace {

using std::chrono::milliseconds;

namespace {

milliseconds scale(milliseconds wait, double jitter) {
  const double factor = 0.75 + 0.5 * (std::isnan(jitter) ? 0.5 : std::clamp(jitter, 0.0, 1.0));
  const auto scaled =
      static_cast<milliseconds::rep>(std::llround(static_cast<double>(wait.count()) * factor));
  // Never zero: with `forever` that would be a busy loop.
  return milliseconds(std::max<milliseconds::rep>(scaled, 1));
}

}  // namespace

std::optional<milliseconds> Backoff::next(double jitter, milliseconds spent) {
  const milliseconds base = std::max(std::min(next_, options_.longest), milliseconds(1));
  milliseconds wait = scale(base, jitter);
  if (!options_.forever) {
    spent = std::max(spent, milliseconds(0));
    if (spent >= options_.total - used_) {
      used_ = options_.total;
      return std::nullopt;
    }
    used_ += spent;
    wait = std::min(wait, options_.total - used_);
    used_ += wait;
  }
  next_ = base > options_.longest / 2 ? options_.longest : base * 2;
  if (tries_ < std::numeric_limits<int>::max()) ++tries_;
  return wait;
}

void Backoff::reset() {
  next_ = options_.first;
  used_ = milliseconds(0);
  tries_ = 0;
}

}  // namespace dcdn::pace
