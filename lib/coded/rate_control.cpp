#include "coded/rate_control.hpp"

#include <algorithm>

namespace dcdn::coded {

namespace {

constexpr double kBeyondDelivered = 3;  // last defence; supports loss up to two thirds
constexpr double kLeastRate = 4;

}  // namespace

RateControl::RateControl(const RateOptions& options)
    : options_(options), signals_(options.handshake_round_trip), start_(options.handshake_round_trip) {}

std::uint8_t RateControl::feedback_interval() const {
  const Seconds wanted = std::max(0.010, round() / 8);
  return static_cast<std::uint8_t>(std::clamp(std::lround(wanted / 0.005), 2L, 255L));
}

void RateControl::sent(Seconds now, bool in_flight) {
  outage_.sent(signals_, told_every(), in_flight, now);
}

void RateControl::ran_dry(Seconds now) {
  estimate_.ran_dry(now + 2 * round());
  loss_.ran_dry();
}

void RateControl::take_sample(Seconds now) {
  const auto& rates = signals_.rates();
  if (!rates) return;
  double rounds = 4;
  if (mode_ == Mode::competing)
    rounds = 10;
  else if (signals_.queue() > 1.2 * signals_.target_queue())
    rounds = 1;
  const double passing = loss_.passing(signals_, *rates);
  if (!estimate_.take(passing, rates->delivered, {rounds * round(), 10 * round()}, now)) return;
  if (signals_.queue() > 0.75 * signals_.target_queue()) loss_.confirm_by_queue(passing, rates->delivered);
}

void RateControl::leave_start(double rate, Seconds now) {
  mode_ = Mode::steady;
  estimate_.restart(rate, now);
  loss_.set_confirmed(rate);
  aim_.begin(now);
  tests_.start_over(now);
}

void RateControl::begin(std::uint64_t next_number, Seconds now) {
  const auto& rates = signals_.rates();
  if (signals_.train() > 0) {
    const double rate = start_.rate_of_train(signals_.train());
    leave_start(rate, now);
    tests_.begin_first(rate, now);  // so that a wrong train is undone
    loss_.begin_epoch(next_number);
    return;
  }
  if (!rates) return;
  estimate_.take_delivered(rates->delivered, now);
  start_.grow(*rates, now);
  const bool full = start_.stagnates(signals_, now) && !estimate_.dry(now);
  const bool at_limit = options_.most > 0 && start_.rate() >= options_.most;
  if (signals_.queue() > signals_.target_queue()) {
    leave_start(loss_.passing(signals_, *rates), now);
  } else if (full || at_limit) {
    leave_start(std::min(rates->passing, 1.2 * rates->delivered), now);
  } else {
    return;
  }
  loss_.begin_epoch(next_number);
}

void RateControl::take(const Feedback& feedback, std::uint64_t highest, std::uint64_t next_number,
                       Seconds now) {
  const bool was_holding = outage_.holding();
  if (was_holding && static_cast<double>(highest) > signals_.totals().number)
    signals_.resume(now, next_number);
  const double own = bandwidth();
  if (!signals_.take(feedback, highest, now, own, options_.packet_bits, starting())) return;
  outage_.heard(now);
  if (was_holding) {
    estimate_.restamp(now);
    loss_.begin_epoch(next_number);
    tests_.interrupt();
    competition_.interrupt();
    return;
  }
  if (starting()) {
    begin(next_number, now);
    return;
  }
  take_sample(now);
  judge(now);
  compete(now);
  consider_tests(next_number, now);
}

void RateControl::judge(Seconds now) {
  const bool dry = estimate_.dry(now);
  const std::optional<LossEpoch> epoch = loss_.take(signals_, dry);
  if (!epoch) return;
  if (!(tests_.slower() ? judge_test(*epoch, now) : judge_usual(*epoch, now))) return;
  tests_.end();
  if (loss_.suspects(*epoch, signals_)) {
    estimate_.set(0.85 * std::min(estimate_.bandwidth(), epoch->rate), now);
    tests_.suspect();
  }
  loss_.close_epoch(*epoch, signals_, dry);
}

// An epoch of the slower test. False: not clear yet.
bool RateControl::judge_test(const LossEpoch& epoch, Seconds now) {
  const Verdict verdict = loss_.judge_slower(tests_.before(), epoch, signals_);
  if (verdict == Verdict::unclear) return false;
  estimate_.set(verdict == Verdict::overload ? loss_.confirmed() : tests_.before_bandwidth(), now);
  return true;
}

// Any other epoch, a faster test's too. False: not clear yet.
bool RateControl::judge_usual(const LossEpoch& epoch, Seconds now) {
  switch (loss_.judge(epoch, signals_)) {
    case Verdict::unclear:
      return false;
    case Verdict::usual:
      return true;
    case Verdict::random:
      if (tests_.growing()) estimate_.add(loss_.confirmed(), now);
      tests_.confirmed(round(), now);
      return true;
    case Verdict::overload:
      estimate_.set(loss_.confirmed(), now);
      tests_.reverted(round(), now);
      return true;
  }
  return true;
}

void RateControl::compete(Seconds now) {
  const double highest = std::max(estimate_.highest_of_a_minute(), signals_.train() / 2);
  const Seconds high =
      std::min(3 * PathSignals::target_at(highest, options_.packet_bits) + 0.75 * signals_.uneven(),
               3 * signals_.target_queue());
  if (mode_ == Mode::steady) {
    if (!competition_.begins(signals_, high, now)) return;
    mode_ = Mode::competing;
    tests_.end();
    loss_.lift_ceiling();
  } else if (competition_.ends(signals_, high, now)) {
    mode_ = Mode::steady;
    loss_.set_confirmed(std::max(estimate_.last_sample(), 0.5 * loss_.confirmed()));
  }
}

void RateControl::consider_tests(std::uint64_t next_number, Seconds now) {
  tests_.watch_queue(signals_, now);
  if (tests_.running() && !tests_.slower()) {
    const double sample = estimate_.last_sample();
    const bool shows = signals_.queue() > signals_.target_queue() && sample > 0 && tests_.age(now) > round();
    if (shows) {
      estimate_.set(sample, now);
      loss_.confirm(sample);
      tests_.limit_shown();
    }
    if (shows || tests_.age(now) > 30 * round()) {
      tests_.end();
      loss_.begin_epoch(next_number);
    }
    return;
  }
  if (mode_ != Mode::steady || tests_.running() || estimate_.dry(now)) return;
  if (!tests_.begin_due(loss_, signals_, estimate_.bandwidth(), now)) return;
  if (tests_.growing()) loss_.lift_ceiling();
  loss_.begin_epoch(next_number);
}

double RateControl::steady_rate(Seconds now) {
  if (tests_.running()) return tests_.rate();
  const double bandwidth = estimate_.bandwidth();
  if (aim_.dips(signals_, now)) return QueueAim::kDip * bandwidth;
  return std::min(QueueAim::rate(signals_, bandwidth, estimate_.delivered()), loss_.most_rate());
}

double RateControl::limited(double rate) const {
  rate = std::min(rate, std::max(kBeyondDelivered * estimate_.delivered(), start_.first_rate()));
  rate = std::max({rate, 2 / round(), kLeastRate});
  return options_.most > 0 ? std::min(rate, options_.most) : rate;
}

double RateControl::rate(Seconds now, bool in_flight) {
  if (in_flight) outage_.watch(signals_, told_every(), bandwidth(), now);
  if (holding()) {
    const double rate = outage_.rate(round(), now);
    return options_.most > 0 ? std::min(rate, options_.most) : rate;
  }
  switch (mode_) {
    case Mode::starting:
      return limited(outage_.unheard() ? start_.rate() / 4 : start_.rate());
    case Mode::competing:
      return limited(estimate_.bandwidth() * competition_.gain(signals_, now));
    case Mode::steady:
      break;
  }
  return limited(steady_rate(now));
}

bool RateControl::window_full(std::uint64_t next_number) const {
  if (mode_ != Mode::competing || holding()) return false;
  const double bandwidth = estimate_.bandwidth();
  const Seconds slack = 2 * feedback_interval() * 0.005 + 3 * signals_.jitter();
  const double most = 1.5 * bandwidth * round() + bandwidth * slack + 10;
  return static_cast<double>(next_number) - signals_.totals().number > most;
}

}  // namespace dcdn::coded
