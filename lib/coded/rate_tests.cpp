#include "coded/rate_tests.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr double kBeyondBandwidth = 1.12;
constexpr double kFirstBackoff = 4;  // round trips
constexpr double kMostBackoff = 64;  // round trips, and
constexpr Seconds kLongestBackoff = 10;
constexpr double kCalmRounds = 3;  // round trips without a queue, before a test of growth

}  // namespace

void RateTests::begin(Kind kind, double rate, Seconds now) {
  kind_ = kind;
  rate_ = rate;
  since_ = now;
}

void RateTests::interrupt() {
  end();
  calm_since_ = -1;
}

void RateTests::watch_queue(const PathSignals& signals, Seconds now) {
  const bool calm = signals.queue() < 0.5 * signals.target_queue();
  if (!calm) calm_since_ = -1;
  if (calm && calm_since_ < 0) calm_since_ = now;
}

void RateTests::confirmed(Seconds round_trip, Seconds now) {
  backoff_rounds_ = kFirstBackoff;
  next_growth_ = now;
  if (!growing()) return;
  ++confirms_;
  calm_since_ = now - kCalmRounds * round_trip;
}

void RateTests::reverted(Seconds round_trip, Seconds now) {
  next_growth_ = now + std::min(backoff_rounds_ * round_trip, kLongestBackoff);
  backoff_rounds_ = std::min(2 * backoff_rounds_, kMostBackoff);
  confirms_ = 0;
  suspicious_ = true;
}

bool RateTests::begin_due(const LossJudge& loss, const PathSignals& signals, double bandwidth, Seconds now) {
  const Seconds round_trip = signals.base_round_trip();
  const Seconds since_slower = now - last_slower_;
  const bool unproven = loss.unproven(signals) && since_slower >= 10 * round_trip;
  const bool slower = signals.loss() > 0.02 && loss.known() && loss.last_epoch().rate > 0 &&
                      (unproven || (suspicious_ && since_slower >= std::max(50 * round_trip, 10.0)) ||
                       since_slower >= std::max(200 * round_trip, 60.0));
  if (slower) {
    before_ = loss.last_epoch();
    before_.loss = signals.loss();
    before_bandwidth_ = bandwidth;
    begin(Kind::slower, (unproven ? 0.5 : 0.7) * bandwidth, now);
    suspicious_ = false;
    last_slower_ = now;
    return true;
  }
  const bool calm = calm_since_ >= 0 && now - calm_since_ >= kCalmRounds * round_trip;
  if (!loss.known() || !calm || now < next_growth_) return false;
  const double factor = confirms_ == 0 ? 1.25 : confirms_ == 1 ? 1.5 : 2.0;
  const double usual = std::max(std::min(loss.confirmed(), kBeyondBandwidth * bandwidth), bandwidth);
  begin(Kind::growth, factor * usual, now);
  return true;
}

}  // namespace dcdn::coded
