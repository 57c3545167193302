#include "coded/rate_control.hpp"

#include <algorithm>
#include <array>

namespace dcdn::coded {

namespace {

constexpr double kFirstWindow = 32;   // packets in the first round trip
constexpr double kFirstRate = 80;     // packets a second that are worth a try on a longer path,
constexpr double kMostFirst = 64;     // so many of them in its first round trip
constexpr double kTrainTrust = 0.95;  // of the rate that the first packets show
constexpr double kStartGain = 2.5;
constexpr double kStartGrowth = 1.25;  // less in two round trips: the bottleneck is found
constexpr double kBeta = 0.5;          // how strongly the queue steers, over a loop of about 1.2 round trips
constexpr double kBeyondConfirmed = 1.12;
constexpr double kBeyondDelivered = 3;  // last defence; supports loss up to two thirds
constexpr double kUnknownLoss = 1.2;    // passing over delivered at most, before the random loss is known
constexpr unsigned kMostUnheard = 64;  // packets at the first rate: the handshake may have met a short moment
constexpr double kDip = 0.4;
constexpr Seconds kDipEvery = 5;
constexpr double kLeastRate = 4;
constexpr std::array<double, 8> kCycle{1.25, 0.75, 1, 1, 1, 1, 1, 1};

}  // namespace

RateControl::RateControl(const RateOptions& options)
    : options_(options), signals_(options.handshake_round_trip), start_rate_(first_rate()) {}

double RateControl::first_rate() const {
  const double round_trip = std::max(options_.handshake_round_trip, 20e-6);
  return std::max(kFirstWindow / round_trip, std::min(kFirstRate, kMostFirst / round_trip));
}

std::uint8_t RateControl::feedback_interval() const {
  const Seconds wanted = std::max(0.010, round() / 8);
  return static_cast<std::uint8_t>(std::clamp(std::lround(wanted / 0.005), 2L, 255L));
}

void RateControl::sent(Seconds now, bool in_flight) {
  const bool restarts = !in_flight || now - last_sent_ > 4 * told_every();
  if (restarts) progress_ = std::max(progress_, now + signals_.smoothed_round_trip());
  last_sent_ = now;
  if (signals_.totals().heard == 0) ++unheard_;
}

void RateControl::ran_dry(Seconds now) {
  dry_until_ = now + 2 * round();
  epoch_dry_ = true;
}

double RateControl::sample_of(const PathSignals::Rates& rates) const {
  if (!random_loss_) {
    const bool queue_shows = signals_.queue() > 2 * signals_.target_queue();
    return std::min(rates.passing, (queue_shows ? 1.02 : kUnknownLoss) * rates.delivered);
  }
  const double doubt = std::max(0.02, 2 * deviation(rates.packets));
  return std::min(rates.passing, rates.delivered / (1 - std::min(0.97, *random_loss_ + doubt)));
}

void RateControl::take_sample(Seconds now) {
  const auto& rates = signals_.rates();
  if (!rates) return;
  const bool dry = now < dry_until_;
  const double sample = sample_of(*rates);
  if (dry && sample <= bandwidth_.get()) return;
  last_sample_ = sample;
  double rounds = 4;
  if (mode_ == Mode::starting) rounds = 20;
  if (mode_ == Mode::competing) rounds = 10;
  if (mode_ != Mode::competing && signals_.queue() > 1.2 * signals_.target_queue()) rounds = 1;
  bandwidth_.add(now, sample);
  delivered_.add(now, rates->delivered);
  highest_bandwidth_.add(now, sample);
  if (dry) return;
  bandwidth_.expire(now - rounds * round());
  delivered_.expire(now - 10 * round());
  highest_bandwidth_.expire(now - 60);
  // A queue shows the rate of the bottleneck, unless it is full and passing is only what we send.
  const double most = rates->delivered / (1 - std::min(0.97, random_loss_.value_or(0.97)));
  if (mode_ != Mode::starting && signals_.queue() > 0.75 * signals_.target_queue())
    confirmed_ = std::max(confirmed_, std::min(sample, most));
}

void RateControl::leave_start(double rate, Seconds now) {
  mode_ = Mode::steady;
  set_bandwidth(rate, now);
  highest_bandwidth_.reset(now, rate);
  confirmed_ = rate;
  next_dip_ = now + kDipEvery;
  last_down_ = now;
}

void RateControl::begin(std::uint64_t next_number, Seconds now) {
  const auto& rates = signals_.rates();
  if (signals_.train() > 0) {
    const double rate = std::min(kTrainTrust * signals_.train(), 100 * first_rate());
    leave_start(rate, now);
    test_ = Test::first;  // so that a wrong train is undone
    test_rate_ = rate;
    test_since_ = now;
    start_epoch(next_number);
    return;
  }
  if (!rates) return;
  delivered_.add(now, rates->delivered);
  start_rate_ = std::max(start_rate_, kStartGain * std::min(rates->passing, rates->delivered));
  if (rates->delivered > kStartGrowth * start_best_) {
    start_best_ = rates->delivered;
    start_grew_ = now;
  }
  const double patience = signals_.jitter() > 0.003 ? 3 : 2;
  const bool full = now - start_grew_ > patience * (round() + signals_.queue()) && now >= dry_until_;
  const bool at_limit = options_.most > 0 && start_rate_ >= options_.most;
  if (signals_.queue() > signals_.target_queue()) {
    leave_start(sample_of(*rates), now);
  } else if (full || at_limit) {
    leave_start(std::min(rates->passing, 1.2 * rates->delivered), now);
  } else {
    return;
  }
  start_epoch(next_number);
}

void RateControl::take(const Feedback& feedback, std::uint64_t highest, std::uint64_t next_number,
                       Seconds now) {
  const bool was_holding = hold_since_.has_value();
  if (was_holding && static_cast<double>(highest) > signals_.totals().number)
    signals_.resume(now, next_number);
  const double own = bandwidth();
  if (!signals_.take(feedback, highest, now, own, options_.packet_bits, mode_ == Mode::starting)) return;
  progress_ = now;
  unheard_ = 0;
  if (was_holding) {
    hold_since_.reset();
    bandwidth_.restamp(now);
    delivered_.restamp(now);
    highest_bandwidth_.restamp(now);
    start_epoch(next_number);
    end_test();
    high_since_ = calm_since_ = -1;
    return;
  }
  if (mode_ == Mode::starting) {
    begin(next_number, now);
    return;
  }
  take_sample(now);
  judge(now);
  compete(now);
  consider_tests(next_number, now);
}

// A queue that stays although we send less than passes is not ours.
void RateControl::compete(Seconds now) {
  const double highest = std::max(highest_bandwidth_.get(), signals_.train() / 2);
  const Seconds high =
      std::min(3 * PathSignals::target_at(highest, options_.packet_bits) + 0.75 * signals_.uneven(),
               3 * signals_.target_queue());
  const Seconds queue = signals_.queue();
  if (mode_ == Mode::steady) {
    if (queue <= high) {
      high_since_ = -1;
      return;
    }
    if (high_since_ < 0) high_since_ = now;
    if (now - high_since_ < std::max(10 * (round() + queue), 1.0)) return;
    mode_ = Mode::competing;
    competing_since_ = now;
    low_since_ = -1;
    next_alone_test_ = now + std::max(2.0, 10 * round());
    end_test();
    ceiling_.reset();
    return;
  }
  if (queue <= 0.67 * high && low_since_ < 0) low_since_ = now;
  if (queue > high) low_since_ = -1;
  const bool testing = now < alone_test_until_ + round();
  const bool alone = testing && queue <= high;
  if (!alone && (low_since_ < 0 || now - low_since_ < 16 * round())) {
    if (now < next_alone_test_) return;
    alone_test_until_ = now + 2 * signals_.smoothed_round_trip();
    next_alone_test_ = now + std::max(10.0, 50 * round());
    return;
  }
  mode_ = Mode::steady;
  high_since_ = -1;
  alone_test_until_ = 0;
  confirmed_ = std::max(last_sample_, 0.5 * confirmed_);
}

double RateControl::steady_rate(Seconds now) {
  if (test_ != Test::none) return test_rate_;
  const double bandwidth = bandwidth_.get();
  const Seconds queue = signals_.queue();
  const Seconds target = signals_.target_queue();
  if (now >= next_dip_) {
    // Now and then less, so that the shortest delay is seen again.
    next_dip_ = now + kDipEvery;
    dip_until_ = now + std::min(2.5 * std::max(queue, target), round());
  }
  if (now < dip_until_) return kDip * bandwidth;
  double beta = kBeta;
  if (signals_.uneven() > 0 && queue < 3 * target)
    beta *= round() / (round() + 20 / std::max(delivered_.get(), 1.0));
  const double least = queue > round() ? 0.5 : 0.7;
  const double most = std::max(1.01, 1 + 0.5 * std::min(1.0, target / round()));
  double rate = bandwidth * std::clamp(1 + beta * (target - queue) / round(), least, most);
  rate = std::min(rate, kBeyondConfirmed * confirmed_);
  if (ceiling_) rate = std::min(rate, *ceiling_);
  return rate;
}

double RateControl::competing_rate(Seconds now) {
  if (now < alone_test_until_) return 0.5 * bandwidth_.get();
  const auto step =
      static_cast<std::size_t>((now - competing_since_) / std::max(signals_.smoothed_round_trip(), 1e-3));
  return bandwidth_.get() * kCycle[step % kCycle.size()];
}

double RateControl::limited(double rate) const {
  rate = std::min(rate, std::max(kBeyondDelivered * delivered_.get(), first_rate()));
  rate = std::max({rate, 2 / round(), kLeastRate});
  return options_.most > 0 ? std::min(rate, options_.most) : rate;
}

double RateControl::hold_rate(Seconds now) const {
  const Seconds silent = now - *hold_since_;
  const double least = 1 / std::clamp(std::max(round() / 8, silent / 32), 0.010, 0.050);
  return std::max(least, hold_from_ * std::exp2(-2 * silent / round()));
}

// Feedback is lost as packets are, one by one or in runs; a silence beyond that is an outage.
Seconds RateControl::patience() const {
  const Seconds every = std::max(told_every(), 1 / std::max(bandwidth(), 1.0));
  return std::max((6 + 4 * signals_.dispersion()) * every, 0.2) + 3 * signals_.jitter();
}

double RateControl::rate(Seconds now, bool in_flight) {
  if (!hold_since_ && in_flight && now - progress_ > patience()) {
    hold_from_ = bandwidth();
    hold_since_ = now;
  }
  if (hold_since_) return options_.most > 0 ? std::min(hold_rate(now), options_.most) : hold_rate(now);
  switch (mode_) {
    case Mode::starting:
      return limited(unheard_ > kMostUnheard ? start_rate_ / 4 : start_rate_);
    case Mode::competing:
      return limited(competing_rate(now));
    case Mode::steady:
      break;
  }
  return limited(steady_rate(now));
}

bool RateControl::window_full(std::uint64_t next_number) const {
  if (mode_ != Mode::competing || hold_since_) return false;
  const double bandwidth = bandwidth_.get();
  const Seconds slack = 2 * feedback_interval() * 0.005 + 3 * signals_.jitter();
  const double most = 1.5 * bandwidth * round() + bandwidth * slack + 10;
  return static_cast<double>(next_number) - signals_.totals().number > most;
}

}  // namespace dcdn::coded
