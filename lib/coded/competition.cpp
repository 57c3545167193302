#include "coded/competition.hpp"

#include <algorithm>
#include <array>

namespace dcdn::coded {

namespace {

constexpr std::array<double, 8> kCycle{1.25, 0.75, 1, 1, 1, 1, 1, 1};
constexpr double kAloneTest = 0.5;  // of the bandwidth: the queue goes if it is ours

}  // namespace

bool Competition::begins(const PathSignals& signals, Seconds high, Seconds now) {
  const Seconds queue = signals.queue();
  const Seconds round_trip = signals.base_round_trip();
  if (queue <= high) {
    high_since_ = -1;
    return false;
  }
  if (high_since_ < 0) high_since_ = now;
  if (now - high_since_ < std::max(10 * (round_trip + queue), 1.0)) return false;
  since_ = now;
  low_since_ = -1;
  next_alone_test_ = now + std::max(2.0, 10 * round_trip);
  return true;
}

bool Competition::ends(const PathSignals& signals, Seconds high, Seconds now) {
  const Seconds queue = signals.queue();
  const Seconds round_trip = signals.base_round_trip();
  if (queue <= 0.67 * high && low_since_ < 0) low_since_ = now;
  if (queue > high) low_since_ = -1;
  const bool testing = now < alone_test_until_ + round_trip;
  const bool alone = testing && queue <= high;
  if (!alone && (low_since_ < 0 || now - low_since_ < 16 * round_trip)) {
    if (now < next_alone_test_) return false;
    alone_test_until_ = now + 2 * signals.smoothed_round_trip();
    next_alone_test_ = now + std::max(10.0, 50 * round_trip);
    return false;
  }
  high_since_ = -1;
  alone_test_until_ = 0;
  return true;
}

double Competition::gain(const PathSignals& signals, Seconds now) const {
  if (now < alone_test_until_) return kAloneTest;
  const auto step = static_cast<std::size_t>((now - since_) / std::max(signals.smoothed_round_trip(), 1e-3));
  return kCycle[step % kCycle.size()];
}

}  // namespace dcdn::coded
