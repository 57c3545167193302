#include "sign/reputation.hpp"

#include <algorithm>
#include <cmath>

namespace dcdn::sign {

namespace {
constexpr double kForgedFadesAt = 1;  // weight under which a forgery is forgotten
}

Reputation::Weights Reputation::decayed(const Weights& weights, Time now) const {
  if (now <= weights.at) return weights;
  const std::chrono::duration<double> passed = now - weights.at;
  const double left = std::exp2(-passed.count() / static_cast<double>(options_.half_life.count()));
  return {weights.good * left, weights.bad * left, weights.forged * left, now};
}

void Reputation::note(const NodeId& peer, Experience what, Time now) {
  if (!peers_.contains(peer) && peers_.size() >= options_.most_peers) forget_one(now);
  auto [it, is_new] = peers_.try_emplace(peer);
  Weights& weights = it->second;
  if (is_new) weights.at = now;
  weights = decayed(weights, now);
  switch (what) {
    case Experience::good_chunk:
      weights.good = std::min(weights.good + options_.good_chunk, options_.most_good);
      break;
    case Experience::late:
      weights.bad += options_.late;
      break;
    case Experience::bad_chunk:
      weights.bad += options_.bad_chunk;
      break;
    case Experience::forged:
      weights.forged = std::max(weights.forged, options_.forged);
      break;
  }
}

double Reputation::score(const NodeId& peer, Time now) const {
  const auto it = peers_.find(peer);
  if (it == peers_.end()) return 0.5;
  const Weights weights = decayed(it->second, now);
  if (weights.forged >= kForgedFadesAt) return 0;
  return (weights.good + 1) / (weights.good + weights.bad + 2);
}

bool Reputation::acceptable(const NodeId& peer, Time now) const {
  return score(peer, now) >= options_.refuse_below;
}

/// Bad experience is what is worth remembering, so strangers that come in numbers push out each other first.
void Reputation::forget_one(Time now) {
  const auto worth = [&](const auto& entry) {
    const Weights weights = decayed(entry.second, now);
    return weights.good + weights.bad + weights.forged;
  };
  const auto least = std::min_element(peers_.begin(), peers_.end(),
                                      [&](const auto& a, const auto& b) { return worth(a) < worth(b); });
  if (least != peers_.end()) peers_.erase(least);
}

}  // namespace dcdn::sign
