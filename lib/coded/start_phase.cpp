#include "coded/start_phase.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr double kFirstWindow = 32;   // packets in the first round trip
constexpr double kFirstRate = 80;     // packets a second that are worth a try on a longer path,
constexpr double kMostFirst = 64;     // so many of them in its first round trip
constexpr double kTrainTrust = 0.95;  // of the rate that the first packets show
constexpr double kStartGain = 2.5;
constexpr double kStartGrowth = 1.25;  // less in two round trips: the bottleneck is found

double first_rate_of(Seconds handshake_round_trip) {
  const double round_trip = std::max(handshake_round_trip, 20e-6);
  return std::max(kFirstWindow / round_trip, std::min(kFirstRate, kMostFirst / round_trip));
}

}  // namespace

StartPhase::StartPhase(Seconds handshake_round_trip)
    : first_rate_(first_rate_of(handshake_round_trip)), rate_(first_rate_) {}

double StartPhase::rate_of_train(double train) const {
  return std::min(kTrainTrust * train, 100 * first_rate_);
}

void StartPhase::grow(const PathSignals::Rates& rates, Seconds now) {
  rate_ = std::max(rate_, kStartGain * std::min(rates.passing, rates.delivered));
  if (rates.delivered <= kStartGrowth * best_) return;
  best_ = rates.delivered;
  grew_ = now;
}

bool StartPhase::stagnates(const PathSignals& signals, Seconds now) const {
  const double patience = signals.jitter() > 0.003 ? 3 : 2;
  return now - grew_ > patience * (signals.base_round_trip() + signals.queue());
}

}  // namespace dcdn::coded
