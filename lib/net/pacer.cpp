#include "net/pacer.hpp"

#include <algorithm>

namespace dcdn::net {

namespace {

constexpr Pacer::Nanoseconds kSlack = 1'000'000;         // ngtcp2 lets a packet go that much early
constexpr Pacer::Nanoseconds kCountEvery = 100'000'000;  // or a round trip, if that is longer
constexpr std::uint64_t kFewPackets = 50;                // say nothing about a loss rate
constexpr double kMemory = 0.75;                         // of the old loss rate, at each count
constexpr double kDamping = 0.8;
constexpr double kMostLoss = 0.5;
constexpr double kNoQueue = 0.1;    // a round trip up to this much above the shortest: nothing queues
constexpr double kFullQueue = 0.5;  // from here on loss is congestion; in between it fades

}  // namespace

double Pacer::made_up() const {
  if (!makes_up_) return 0;
  const double trust = std::clamp((kFullQueue - queueing_) / (kFullQueue - kNoQueue), 0.0, 1.0);
  return kDamping * trust * std::min(loss_, kMostLoss);
}

Pacer::Nanoseconds Pacer::batch_sent(Nanoseconds now, double bytes, double bytes_per_ns) {
  const auto interval = static_cast<Nanoseconds>(bytes / bytes_per_ns);
  const auto left_out = static_cast<Nanoseconds>(static_cast<double>(interval) * made_up());
  const Nanoseconds due = std::clamp(due_, now - kSlack, now + kSlack);
  due_ = due + interval - left_out;
  return due - left_out;
}

void Pacer::count(Nanoseconds now, const PathSample& sample) {
  next_count_ = now + std::max(sample.smoothed_rtt, kCountEvery);
  const std::uint64_t sent = sample.packets_sent - last_.packets_sent;
  if (sent < kFewPackets) return;
  const auto lost =
      static_cast<double>(sample.packets_lost - std::min(last_.packets_lost, sample.packets_lost));
  loss_ = kMemory * loss_ + (1 - kMemory) * std::min(lost / static_cast<double>(sent), 1.0);
  const auto shortest = static_cast<double>(std::max<std::uint64_t>(sample.min_rtt, 1));
  queueing_ = std::max(static_cast<double>(sample.smoothed_rtt) / shortest - 1, 0.0);
  last_ = sample;
}

}  // namespace dcdn::net
