#include "coded/outage_hold.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr unsigned kMostUnheard = 64;  // packets at the first rate

// Feedback is lost as packets are, one by one or in runs; a silence beyond that is an outage.
Seconds patience(const PathSignals& signals, Seconds told_every, double bandwidth) {
  const Seconds every = std::max(told_every, 1 / std::max(bandwidth, 1.0));
  return std::max((6 + 4 * signals.dispersion()) * every, 0.2) + 3 * signals.jitter();
}

}  // namespace

void OutageHold::sent(const PathSignals& signals, Seconds told_every, bool in_flight, Seconds now) {
  const bool restarts = !in_flight || now - last_sent_ > 4 * told_every;
  if (restarts) progress_ = std::max(progress_, now + signals.smoothed_round_trip());
  last_sent_ = now;
  if (signals.totals().heard == 0) ++unheard_;
}

void OutageHold::heard(Seconds now) {
  progress_ = now;
  unheard_ = 0;
  since_.reset();
}

void OutageHold::watch(const PathSignals& signals, Seconds told_every, double bandwidth, Seconds now) {
  if (since_ || now - progress_ <= patience(signals, told_every, bandwidth)) return;
  from_ = bandwidth;
  since_ = now;
}

double OutageHold::rate(Seconds round_trip, Seconds now) const {
  const Seconds silent = now - *since_;
  const double least = 1 / std::clamp(std::max(round_trip / 8, silent / 32), 0.010, 0.050);
  return std::max(least, from_ * std::exp2(-2 * silent / round_trip));
}

bool OutageHold::unheard() const {
  return unheard_ > kMostUnheard;
}

}  // namespace dcdn::coded
