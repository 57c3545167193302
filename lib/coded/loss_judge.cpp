// Telling random loss from our own: the part of RateControl that makes it safe. An epoch is a run of packets
// of a round trip or more, whose rate and loss are compared with what is confirmed.
#include <algorithm>

#include "coded/rate_control.hpp"

namespace dcdn::coded {

namespace {

constexpr double kLeastEpoch = 20;      // packets
constexpr double kMostEvidence = 1500;  // packets: so that random loss may change
constexpr double kFaster = 1.06;
constexpr double kBeyondBandwidth = 1.12;
constexpr double kPatientRounds = 8;
constexpr Seconds kLongestBackoff = 10;
constexpr double kSurprise = 4;     // a known loss that is contradicted weighs as much as so many such epochs
constexpr double kFallShare = 0.3;  // of what overload alone would explain
constexpr double kLossMemory = 300;  // packets, of PathSignals::loss()

}  // namespace

// Standard deviation of a loss share measured over `packets`, and of the share it is compared with.
double RateControl::deviation(double packets) const {
  const double loss = std::clamp(std::max(random_loss_.value_or(0.1), epoch_loss_floor_), 0.003, 0.5);
  const double variance = loss * (1 - loss) * signals_.dispersion();
  return std::sqrt(variance * (1 / std::max(packets, 1.0) + 1 / std::max(evidence_, 20.0)));
}

std::optional<RateControl::Epoch> RateControl::finished_epoch() const {
  const Totals& now = signals_.totals();
  Epoch epoch;
  epoch.packets = now.number - epoch_start_->number;
  epoch.length = now.sent - epoch_start_->sent;
  const Seconds least = std::max(round(), 6 * signals_.jitter());
  if (epoch.packets < kLeastEpoch || epoch.length < least || epoch.length <= 0) return std::nullopt;
  epoch.rate = epoch.packets / epoch.length;
  epoch.loss = std::clamp(1 - (now.received - epoch_start_->received) / epoch.packets, 0.0, 1.0);
  return epoch;
}

void RateControl::judge(Seconds now) {
  const Totals& totals = signals_.totals();
  if (!epoch_start_) {
    if (totals.number < epoch_from_) return;
    epoch_start_ = totals;
    epoch_dry_ = now < dry_until_;
    return;
  }
  const std::optional<Epoch> epoch = finished_epoch();
  if (!epoch) return;
  epoch_loss_floor_ = std::min(epoch->loss, 0.5);
  bool decided = true;
  if (test_ == Test::down) {
    decided = judge_slower(*epoch, now);
  } else if (!random_loss_) {
    learn_first_loss(*epoch);
    if (test_ == Test::first) end_test();
  } else if (epoch->rate > kFaster * confirmed_) {
    decided = judge_faster(*epoch, now);
  } else {
    judge_usual(*epoch);
    if (test_ == Test::growth || test_ == Test::first) end_test();
  }
  if (!decided) return;
  const double surplus = epoch->loss - random_loss_.value_or(epoch->loss);
  const double s = std::max(deviation(epoch->packets), 0.01);
  if (signals_.queue() > 1.2 * signals_.target_queue() && surplus > std::max(2 * s, 0.03)) {
    set_bandwidth(0.85 * std::min(bandwidth_.get(), epoch->rate), now);
    suspicious_ = true;
  }
  last_epoch_ = *epoch;
  epoch_loss_floor_ = 0;
  // The next one begins where this one ends, unless the rate was changed for a test.
  if (test_ == Test::none && decided) {
    epoch_from_ = totals.number;
    epoch_start_ = totals;
    epoch_dry_ = now < dry_until_;
  }
}

// Loss under a queue is not to be trusted: the first that counts is seen while hardly anything queues.
void RateControl::learn_first_loss(const Epoch& epoch) {
  if (signals_.queue() > 1.3 * signals_.target_queue()) return;
  random_loss_ = epoch.loss;
  evidence_ = std::min(epoch.packets, kMostEvidence);
  if (!epoch_dry_) confirmed_ = std::max(epoch.rate, 0.97 * confirmed_);
}

// Faster than confirmed: were all the surplus dropped, loss would be `all_dropped`. False: not clear yet.
bool RateControl::judge_faster(const Epoch& epoch, Seconds now) {
  const double known = *random_loss_;
  const double all_dropped = 1 - (1 - known) * confirmed_ / epoch.rate;
  const double s = std::max(deviation(epoch.packets), 0.01);
  double threshold = 0.35 * (all_dropped - known);
  if (threshold < 2 * s) {
    if (epoch.length < kPatientRounds * round()) return false;
    threshold = std::max(0.5 * (all_dropped - known), s);
  }
  if (epoch.loss > known + threshold) {
    revert(epoch, now);
  } else {
    const double estimate = epoch.rate * (1 - epoch.loss) / (1 - known);
    confirmed_ = std::max(confirmed_, std::min(epoch.rate, 1.02 * estimate));
    average_in(epoch);
    ceiling_.reset();
    backoff_rounds_ = 4;
    next_test_ = now;
    if (test_ == Test::growth) {
      ++confirms_;
      calm_since_ = now - 3 * round();
      bandwidth_.add(now, confirmed_);
    }
  }
  end_test();
  return true;
}

void RateControl::revert(const Epoch& epoch, Seconds now) {
  double estimate = epoch.rate * (1 - epoch.loss) / (1 - *random_loss_);
  if (signals_.queue() > 0.5 * signals_.target_queue() && signals_.rates())
    estimate = std::min(estimate, signals_.rates()->passing);
  confirmed_ = std::max(0.98 * estimate, 0.7 * confirmed_);
  set_bandwidth(confirmed_, now);
  ceiling_ = confirmed_;
  next_test_ = now + std::min(backoff_rounds_ * round(), kLongestBackoff);
  backoff_rounds_ = std::min(2 * backoff_rounds_, 64.0);
  confirms_ = 0;
  suspicious_ = true;
}

void RateControl::average_in(const Epoch& epoch) {
  *random_loss_ += epoch.packets / (epoch.packets + evidence_) * (epoch.loss - *random_loss_);
}

// What is known is an average: the least loss of many epochs would be their luck. Under a queue it only
// falls, since some of that loss may be ours.
void RateControl::judge_usual(const Epoch& epoch) {
  const double s = std::max(deviation(epoch.packets), 0.01);
  if (epoch.loss < *random_loss_ - 2 * s) evidence_ = std::min(evidence_, kSurprise * epoch.packets);
  if (epoch.loss <= *random_loss_ || signals_.queue() <= signals_.target_queue()) average_in(epoch);
  evidence_ = std::min(evidence_ + epoch.packets, kMostEvidence);
  if (!epoch_dry_) confirmed_ = std::max(std::min(confirmed_, epoch.rate), 0.97 * confirmed_);
}

// Slower on purpose: if loss falls as overload would explain, it was overload. False: not clear yet.
bool RateControl::judge_slower(const Epoch& epoch, Seconds now) {
  const double fall = before_loss_ - epoch.loss;
  const double explained = before_loss_ - std::max(0.0, 1 - (1 - before_loss_) * before_rate_ / epoch.rate);
  const double loss = std::clamp(before_loss_, 0.003, 0.5);
  const double s =
      std::sqrt(loss * (1 - loss) * signals_.dispersion() * (1 / epoch.packets + 1 / kLossMemory));
  const bool fell = fall > kFallShare * explained && fall > 1.5 * s;
  if (!fell) proven_loss_ = std::max(proven_loss_, before_loss_ + 0.05);
  if (fell && fall < 2.2 * s && epoch.length < kPatientRounds * round()) return false;
  if (fell) {
    const double estimate = 0.97 * before_rate_ * (1 - before_loss_) / std::max(1 - epoch.loss, 0.05);
    confirmed_ = std::max(std::min(estimate, before_rate_), 0.9 * epoch.rate);
    set_bandwidth(confirmed_, now);
    random_loss_ = std::min(before_loss_, epoch.loss + s);  // it was taken for being low
    evidence_ = std::min(epoch.packets, kMostEvidence);
  } else {
    set_bandwidth(before_bandwidth_, now);
  }
  end_test();
  return true;
}

void RateControl::consider_tests(std::uint64_t next_number, Seconds now) {
  const Seconds queue = signals_.queue();
  const Seconds target = signals_.target_queue();
  if (queue >= 0.5 * target) calm_since_ = -1;
  if (queue < 0.5 * target && calm_since_ < 0) calm_since_ = now;
  if (test_ == Test::growth || test_ == Test::first) {
    const bool shows = queue > target && last_sample_ > 0 && now - test_since_ > round();
    if (shows) {
      set_bandwidth(last_sample_, now);
      confirmed_ = std::max(confirmed_, last_sample_);
      confirms_ = 0;
    }
    if (shows || now - test_since_ > 30 * round()) {
      end_test();
      start_epoch(next_number);
    }
    return;
  }
  if (mode_ != Mode::steady || test_ != Test::none || now < dry_until_) return;
  const Seconds since_down = now - last_down_;
  // More loss than was shown to be random may be our own, under a queue that jitter hides from us.
  const double assumed = signals_.uneven() > 0 ? 0.35 : 0.55;
  const double noise = std::sqrt(0.2 * signals_.dispersion() / kLossMemory);
  const bool unproven =
      signals_.loss() > std::max(proven_loss_, assumed) + 2 * noise && since_down >= 10 * round();
  const bool down = signals_.loss() > 0.02 && random_loss_ && last_epoch_.rate > 0 &&
                    (unproven || (suspicious_ && since_down >= std::max(50 * round(), 10.0)) ||
                     since_down >= std::max(200 * round(), 60.0));
  const bool growth =
      random_loss_ && calm_since_ >= 0 && now - calm_since_ >= 3 * round() && now >= next_test_;
  if (down) {
    before_rate_ = last_epoch_.rate;
    before_loss_ = signals_.loss();
    before_bandwidth_ = bandwidth_.get();
    test_ = Test::down;
    test_rate_ = (unproven ? 0.5 : 0.7) * before_bandwidth_;
    suspicious_ = false;
    last_down_ = now;
  } else if (growth) {
    const double factor = confirms_ == 0 ? 1.25 : confirms_ == 1 ? 1.5 : 2.0;
    test_ = Test::growth;
    test_rate_ =
        factor * std::max(std::min(confirmed_, kBeyondBandwidth * bandwidth_.get()), bandwidth_.get());
    ceiling_.reset();
  } else {
    return;
  }
  test_since_ = now;
  start_epoch(next_number);
}

}  // namespace dcdn::coded
