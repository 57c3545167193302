#include "coded/queue_aim.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr double kBeta = 0.5;  // how strongly the queue steers, over a loop of about 1.2 round trips
constexpr Seconds kDipEvery = 5;

}  // namespace

void QueueAim::begin(Seconds now) {
  next_dip_ = now + kDipEvery;
}

bool QueueAim::dips(const PathSignals& signals, Seconds now) {
  if (now >= next_dip_) {
    next_dip_ = now + kDipEvery;
    dip_until_ =
        now + std::min(2.5 * std::max(signals.queue(), signals.target_queue()), signals.base_round_trip());
  }
  return now < dip_until_;
}

double QueueAim::rate(const PathSignals& signals, double bandwidth, double delivered) {
  const Seconds queue = signals.queue();
  const Seconds target = signals.target_queue();
  const Seconds round_trip = signals.base_round_trip();
  double beta = kBeta;
  if (signals.uneven() > 0 && queue < 3 * target)
    beta *= round_trip / (round_trip + 20 / std::max(delivered, 1.0));
  const double least = queue > round_trip ? 0.5 : 0.7;
  const double most = std::max(1.01, 1 + 0.5 * std::min(1.0, target / round_trip));
  return bandwidth * std::clamp(1 + beta * (target - queue) / round_trip, least, most);
}

}  // namespace dcdn::coded
