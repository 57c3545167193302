#include "pace/path_choice.hpp"

#include <algorithm>
#include <numeric>

namespace dcdn::pace {

namespace {

constexpr double kDegradedAbove = 0.20;
constexpr double kGoodBelow = 0.15;  // of a degraded path: lower, so that it does not flap
constexpr double kFailedAbove = 0.50;
constexpr double kUsableBelow = 0.40;  // of a failed path
constexpr double kWeight = 0.3;        // of a new measure in a smoothed one
constexpr std::uint64_t kJudgedAfterBytes = 16u << 10;
constexpr std::uint64_t kLossPackets = 50;
constexpr Micros kLossTime{1'000'000};
constexpr Micros kLeastRateTime{250'000};
constexpr Micros kLeastSilence{1'000'000};

double seconds(Micros time) {
  return static_cast<double>(time.count()) / 1e6;
}

double smoothed(double old, double measured) {
  return old + kWeight * (measured - old);
}

std::uint64_t grown(std::uint64_t from, std::uint64_t to) {
  return to > from ? to - from : 0;
}

// Seconds until a chunk given to this path now is there.
double delivery(const PathOption& path, std::uint64_t bytes) {
  return static_cast<double>(path.pending + bytes) / std::max(path.rate, 1.0) + seconds(path.rtt) / 2;
}

int rank(PathState state) {
  switch (state) {
    case PathState::good:
      return 0;
    case PathState::probing:
      return 1;
    case PathState::degraded:
      return 2;
    case PathState::failed:
      break;
  }
  return 3;
}

// The worst rank that may still be used.
int worst_rank(bool critical, std::span<const PathOption> paths) {
  int worst = rank(PathState::degraded);
  if (!critical) return worst;
  for (const PathOption& path : paths) worst = std::min(worst, rank(path.state));
  return worst;
}

}  // namespace

const char* word_of(PathState state) {
  switch (state) {
    case PathState::probing:
      return "probing";
    case PathState::good:
      return "good";
    case PathState::degraded:
      return "degraded";
    case PathState::failed:
      break;
  }
  return "failed";
}

PathState PathMeter::by_loss() const {
  const double failed = state_ == PathState::failed ? kUsableBelow : kFailedAbove;
  if (loss_ > failed) return PathState::failed;
  const bool was_bad = state_ == PathState::failed || state_ == PathState::degraded;
  return loss_ > (was_bad ? kGoodBelow : kDegradedAbove) ? PathState::degraded : PathState::good;
}

PathState PathMeter::update(const PathReading& reading, Micros now) {
  measure_loss(reading, now);
  measure_rate(reading, now);
  if (reading.timeouts == 0 || reading.in_flight == 0 || !heard_) heard_ = now;
  last_ = reading;
  last_update_ = now;
  if (now - *heard_ >= std::max(3 * reading.probe_timeout, kLeastSilence)) {
    state_ = PathState::failed;
  } else if (reading.bytes_acknowledged >= kJudgedAfterBytes || loss_known_) {
    state_ = by_loss();
  } else {
    state_ = PathState::probing;
  }
  return state_;
}

void PathMeter::measure_loss(const PathReading& reading, Micros now) {
  if (!last_update_) {
    loss_since_ = now;
    loss_sent_ = reading.packets_sent;
    loss_lost_ = reading.packets_lost;
  }
  const std::uint64_t sent = grown(loss_sent_, reading.packets_sent);
  if (sent < kLossPackets || now - loss_since_ < kLossTime) return;
  const double lost = static_cast<double>(grown(loss_lost_, reading.packets_lost));
  const double share = std::min(1.0, lost / static_cast<double>(sent));
  loss_ = smoothed(loss_, share);  // from 0: a start that overruns the queue is not the path's loss
  loss_known_ = true;
  loss_since_ = now;
  loss_sent_ = reading.packets_sent;
  loss_lost_ = reading.packets_lost;
}

// Only time in which more was waiting than the path took tells how fast it is.
void PathMeter::measure_rate(const PathReading& reading, Micros now) {
  if (!last_update_ || last_.unsent == 0 || reading.unsent == 0) {
    busy_time_ = Micros(0);
    busy_bytes_ = 0;
    return;
  }
  busy_time_ += now - *last_update_;
  busy_bytes_ += grown(last_.bytes_acknowledged, reading.bytes_acknowledged);
  if (busy_time_ < std::max(2 * reading.rtt, kLeastRateTime)) return;
  const double measured = static_cast<double>(busy_bytes_) / seconds(busy_time_);
  rate_ = rate_ > 0 ? smoothed(rate_, measured) : measured;
  busy_time_ = Micros(0);
  busy_bytes_ = 0;
}

double PathMeter::rate() const {
  if (last_.rate > 0) return std::max(last_.rate, 1.0);
  if (rate_ > 0) return std::max(rate_, 1.0);
  if (last_.rtt <= Micros(0)) return 1;
  return std::max(static_cast<double>(last_.window) / seconds(last_.rtt), 1.0);
}

std::optional<std::size_t> choose_path(bool critical, std::uint64_t bytes, std::uint64_t backlog,
                                       std::span<const PathOption> paths) {
  const int worst = worst_rank(critical, paths);
  std::optional<std::size_t> best;
  std::optional<std::size_t> free;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (rank(paths[i].state) > worst) continue;
    const double mine = delivery(paths[i], bytes);
    if (!best || mine < delivery(paths[*best], bytes)) best = i;
    if (paths[i].room && (!free || mine < delivery(paths[*free], bytes))) free = i;
  }
  if (!free || *free == *best) return free;
  const double fast_done =
      delivery(paths[*best], bytes) + static_cast<double>(backlog) / std::max(paths[*best].rate, 1.0);
  if (delivery(paths[*free], bytes) > fast_done) return std::nullopt;
  return free;
}

std::vector<double> share_rate(double most, std::span<const double> rates) {
  const double sum = std::accumulate(rates.begin(), rates.end(), 0.0);
  std::vector<double> shares;
  for (const double rate : rates) shares.push_back(most * rate / sum);
  return shares;
}

}  // namespace dcdn::pace
