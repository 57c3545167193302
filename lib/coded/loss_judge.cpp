#include "coded/loss_judge.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr double kLeastEpoch = 20;      // packets
constexpr double kMostEvidence = 1500;  // packets: so that random loss may change
constexpr double kFaster = 1.06;
constexpr double kBeyondConfirmed = 1.12;
constexpr double kPatientRounds = 8;
constexpr double kUnknownLoss = 1.2;  // passing over delivered at most, before the random loss is known
constexpr double kSurprise = 4;     // a known loss that is contradicted weighs as much as so many such epochs
constexpr double kFallShare = 0.3;  // of what overload alone would explain

}  // namespace

// Standard deviation of a loss share measured over `packets`, and of the share it is compared with.
double LossJudge::deviation(const PathSignals& signals, double packets) const {
  const double loss = std::clamp(std::max(random_loss_.value_or(0.1), epoch_loss_floor_), 0.003, 0.5);
  const double variance = loss * (1 - loss) * signals.dispersion();
  return std::sqrt(variance * (1 / std::max(packets, 1.0) + 1 / std::max(evidence_, 20.0)));
}

void LossJudge::begin_epoch(std::uint64_t from) {
  epoch_from_ = static_cast<double>(from);
  epoch_start_.reset();
}

std::optional<LossEpoch> LossJudge::take(const PathSignals& signals, bool dry) {
  const Totals& now = signals.totals();
  if (!epoch_start_) {
    if (now.number < epoch_from_) return std::nullopt;
    epoch_start_ = now;
    epoch_dry_ = dry;
    return std::nullopt;
  }
  LossEpoch epoch;
  epoch.packets = now.number - epoch_start_->number;
  epoch.length = now.sent - epoch_start_->sent;
  const Seconds least = std::max(signals.base_round_trip(), 6 * signals.jitter());
  if (epoch.packets < kLeastEpoch || epoch.length < least || epoch.length <= 0) return std::nullopt;
  epoch.rate = epoch.packets / epoch.length;
  epoch.loss = std::clamp(1 - (now.received - epoch_start_->received) / epoch.packets, 0.0, 1.0);
  epoch_loss_floor_ = std::min(epoch.loss, 0.5);
  return epoch;
}

void LossJudge::close_epoch(const LossEpoch& epoch, const PathSignals& signals, bool dry) {
  last_epoch_ = epoch;
  epoch_loss_floor_ = 0;
  epoch_from_ = signals.totals().number;
  epoch_start_ = signals.totals();
  epoch_dry_ = dry;
}

Verdict LossJudge::judge(const LossEpoch& epoch, const PathSignals& signals) {
  if (random_loss_ && epoch.rate > kFaster * confirmed_) return judge_faster(epoch, signals);
  if (random_loss_)
    learn_usual(epoch, signals);
  else
    learn_first(epoch, signals);
  return Verdict::usual;
}

bool LossJudge::suspects(const LossEpoch& epoch, const PathSignals& signals) const {
  const double surplus = epoch.loss - random_loss_.value_or(epoch.loss);
  const double s = std::max(deviation(signals, epoch.packets), 0.01);
  return signals.queue() > 1.2 * signals.target_queue() && surplus > std::max(2 * s, 0.03);
}

bool LossJudge::unproven(const PathSignals& signals) const {
  const double assumed = signals.uneven() > 0 ? 0.35 : 0.55;
  const double noise = std::sqrt(0.2 * signals.dispersion() / kLossMemory);
  return signals.loss() > std::max(proven_loss_, assumed) + 2 * noise;
}

double LossJudge::passing(const PathSignals& signals, const PathSignals::Rates& rates) const {
  if (!random_loss_) {
    const bool queue_shows = signals.queue() > 2 * signals.target_queue();
    return std::min(rates.passing, (queue_shows ? 1.02 : kUnknownLoss) * rates.delivered);
  }
  const double doubt = std::max(0.02, 2 * deviation(signals, rates.packets));
  return std::min(rates.passing, rates.delivered / (1 - std::min(0.97, *random_loss_ + doubt)));
}

void LossJudge::confirm(double rate) {
  confirmed_ = std::max(confirmed_, rate);
}

void LossJudge::confirm_by_queue(double passing, double delivered) {
  const double most = delivered / (1 - std::min(0.97, random_loss_.value_or(0.97)));
  confirm(std::min(passing, most));
}

double LossJudge::most_rate() const {
  const double most = kBeyondConfirmed * confirmed_;
  return ceiling_ ? std::min(most, *ceiling_) : most;
}

// Loss under a queue is not to be trusted: the first that counts is seen while hardly anything queues.
void LossJudge::learn_first(const LossEpoch& epoch, const PathSignals& signals) {
  if (signals.queue() > 1.3 * signals.target_queue()) return;
  random_loss_ = epoch.loss;
  evidence_ = std::min(epoch.packets, kMostEvidence);
  if (!epoch_dry_) confirmed_ = std::max(epoch.rate, 0.97 * confirmed_);
}

// Faster than confirmed: were all the surplus dropped, loss would be `all_dropped`.
Verdict LossJudge::judge_faster(const LossEpoch& epoch, const PathSignals& signals) {
  const double known = *random_loss_;
  const double all_dropped = 1 - (1 - known) * confirmed_ / epoch.rate;
  const double s = std::max(deviation(signals, epoch.packets), 0.01);
  double threshold = 0.35 * (all_dropped - known);
  if (threshold < 2 * s) {
    if (epoch.length < kPatientRounds * signals.base_round_trip()) return Verdict::unclear;
    threshold = std::max(0.5 * (all_dropped - known), s);
  }
  if (epoch.loss > known + threshold) {
    revert(epoch, signals);
    return Verdict::overload;
  }
  const double estimate = epoch.rate * (1 - epoch.loss) / (1 - known);
  confirm(std::min(epoch.rate, 1.02 * estimate));
  average_in(epoch);
  ceiling_.reset();
  return Verdict::random;
}

void LossJudge::revert(const LossEpoch& epoch, const PathSignals& signals) {
  double estimate = epoch.rate * (1 - epoch.loss) / (1 - *random_loss_);
  if (signals.queue() > 0.5 * signals.target_queue() && signals.rates())
    estimate = std::min(estimate, signals.rates()->passing);
  confirmed_ = std::max(0.98 * estimate, 0.7 * confirmed_);
  ceiling_ = confirmed_;
}

void LossJudge::average_in(const LossEpoch& epoch) {
  *random_loss_ += epoch.packets / (epoch.packets + evidence_) * (epoch.loss - *random_loss_);
}

// What is known is an average: the least loss of many epochs would be their luck. Under a queue it only
// falls, since some of that loss may be ours.
void LossJudge::learn_usual(const LossEpoch& epoch, const PathSignals& signals) {
  const double s = std::max(deviation(signals, epoch.packets), 0.01);
  if (epoch.loss < *random_loss_ - 2 * s) evidence_ = std::min(evidence_, kSurprise * epoch.packets);
  if (epoch.loss <= *random_loss_ || signals.queue() <= signals.target_queue()) average_in(epoch);
  evidence_ = std::min(evidence_ + epoch.packets, kMostEvidence);
  if (!epoch_dry_) confirmed_ = std::max(std::min(confirmed_, epoch.rate), 0.97 * confirmed_);
}

Verdict LossJudge::judge_slower(const LossEpoch& before, const LossEpoch& epoch, const PathSignals& signals) {
  const double fall = before.loss - epoch.loss;
  const double explained = before.loss - std::max(0.0, 1 - (1 - before.loss) * before.rate / epoch.rate);
  const double loss = std::clamp(before.loss, 0.003, 0.5);
  const double s =
      std::sqrt(loss * (1 - loss) * signals.dispersion() * (1 / epoch.packets + 1 / kLossMemory));
  if (fall <= kFallShare * explained || fall <= 1.5 * s) {
    proven_loss_ = std::max(proven_loss_, before.loss + 0.05);
    return Verdict::random;
  }
  if (fall < 2.2 * s && epoch.length < kPatientRounds * signals.base_round_trip()) return Verdict::unclear;
  const double estimate = 0.97 * before.rate * (1 - before.loss) / std::max(1 - epoch.loss, 0.05);
  confirmed_ = std::max(std::min(estimate, before.rate), 0.9 * epoch.rate);
  random_loss_ = std::min(before.loss, epoch.loss + s);  // it was taken for being low
  evidence_ = std::min(epoch.packets, kMostEvidence);
  return Verdict::overload;
}

}  // namespace dcdn::coded
