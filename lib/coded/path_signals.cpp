#include "coded/path_signals.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr Seconds kDelayBucket = 10;  // four of them are how long the shortest delay is remembered
constexpr std::size_t kDelayBuckets = 4;
constexpr Seconds kUnevenness = 0.003;
constexpr std::size_t kMostHistory = 4096;

}  // namespace

PathSignals::PathSignals(Seconds handshake_round_trip)
    : least_(std::max(handshake_round_trip, 20e-6)), smoothed_(least_), slow_low_(least_) {}

Seconds PathSignals::base_round_trip() const {
  return std::max(least_, slow_low_);
}

// 10 ms at 10 Mbit/s, less when faster and more when slower: a flow that has more than its share aims at less
// queue than the others and so yields to them.
Seconds PathSignals::target_at(double rate, double packet_bits) {
  const double bits = std::max(rate * packet_bits, 1.0);
  return std::max(std::clamp(0.010 * std::sqrt(10e6 / bits), 0.001, 0.060), 2.2 / std::max(rate, 1e-3));
}

void PathSignals::measure_round_trip(const Feedback& feedback, Seconds now) {
  const Seconds since = stamps_apart(stamp_of(now), feedback.highest_sent);
  totals_.sent = now - since;
  const Seconds sample = since - feedback.held * 1e-6;
  if (sample <= 0) return;
  least_ = std::min(least_, sample);
  smoothed_ += (sample - smoothed_) / 8;
  slow_low_ += (std::max(sample - queue_, least_) - slow_low_) / 16;
}

void PathSignals::measure_queue(const Feedback& feedback, Seconds now, double own_rate, double packet_bits) {
  if (!started_) first_delay_ = feedback.delay;
  const Seconds delay = stamps_apart(feedback.delay, first_delay_);
  if (delays_.empty() || now - delays_.back().start >= kDelayBucket) {
    delays_.push_back({now, delay});
    if (delays_.size() > kDelayBuckets) delays_.pop_front();
  }
  delays_.back().shortest = std::min(delays_.back().shortest, delay);
  Seconds shortest = delay;
  for (const DelayBucket& bucket : delays_) shortest = std::min(shortest, bucket.shortest);
  queue_ = delay - shortest;
  jitter_ = feedback.jitter * 1e-6;
  uneven_ = std::max(0.0, jitter_ - kUnevenness - 0.75 / std::max(own_rate, 1e-3));
  target_ = target_at(own_rate, packet_bits) + 0.25 * uneven_;
}

void PathSignals::measure_rates(bool starting) {
  rates_.reset();
  history_.push_back(totals_);
  const Seconds round = base_round_trip();
  const Seconds wanted =
      starting ? std::max({round / 2, 0.010, 6 * jitter_}) : std::max({round, 0.015, 6 * jitter_});
  while (history_.size() > kMostHistory || history_.front().came < totals_.came - 4 * wanted)
    history_.pop_front();
  for (auto it = history_.rbegin(); it != history_.rend(); ++it) {
    const Seconds span = totals_.came - it->came;
    const bool oldest = std::next(it) == history_.rend();
    if (span < wanted && !(oldest && span >= 0.8 * wanted)) continue;
    if (span <= 0) return;
    Rates rates;
    rates.packets = totals_.number - it->number;
    rates.passing = rates.packets / span;
    rates.delivered = (totals_.received - it->received) / span;
    if (rates.packets > 0) rates_ = rates;
    return;
  }
}

bool PathSignals::take(const Feedback& feedback, std::uint64_t highest, Seconds now, double own_rate,
                       double packet_bits, bool starting) {
  const Totals before = totals_;
  if (started_ && static_cast<double>(highest) <= before.number) return false;
  totals_.number = static_cast<double>(highest);
  totals_.heard = now;
  totals_.received += static_cast<std::uint32_t>(feedback.received - last_received_);
  totals_.came += started_ ? stamps_apart(feedback.highest_came, last_came_) : 0;
  last_received_ = feedback.received;
  last_came_ = feedback.highest_came;
  measure_queue(feedback, now, own_rate, packet_bits);
  measure_round_trip(feedback, now);
  const double known = started_ ? before.number : -1;
  const double packets = totals_.number - known;
  const double lost = packets - (totals_.received - before.received);
  loss_.take(packets, lost, feedback.loss_runs, known >= skip_loss_until_);
  started_ = true;
  train_ = feedback.train;
  measure_rates(starting);
  return true;
}

void PathSignals::resume(Seconds now, std::uint64_t next_number) {
  history_.clear();
  rates_.reset();
  skip_loss_until_ = static_cast<double>(next_number);
  for (DelayBucket& bucket : delays_) bucket.start = now;
}

}  // namespace dcdn::coded
