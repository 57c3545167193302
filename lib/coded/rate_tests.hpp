// rate_tests.hpp - when to try another rate than the usual one, and which: more while nothing queues, to see
// whether the path takes it; less when loss looks like our own.
//
// Threads  pure.
#pragma once
#include "coded/loss_judge.hpp"

namespace dcdn::coded {

class RateTests {
 public:
  /// first: the rate that the first packets showed counts only once an epoch agrees.
  void begin_first(double rate, Seconds now) { begin(Kind::first, rate, now); }
  /// Begins the test that is due. False: none is.
  bool begin_due(const LossJudge& loss, const PathSignals& signals, double bandwidth, Seconds now);
  void end() { kind_ = Kind::none; }
  /// After an outage: what was observed before it says nothing.
  void interrupt();

  [[nodiscard]] bool running() const { return kind_ != Kind::none; }
  [[nodiscard]] bool growing() const { return kind_ == Kind::growth; }
  [[nodiscard]] bool slower() const { return kind_ == Kind::slower; }
  [[nodiscard]] double rate() const { return rate_; }
  [[nodiscard]] Seconds age(Seconds now) const { return now - since_; }
  /// The usual rate and its loss, and the bandwidth, that a slower test is compared with.
  [[nodiscard]] const LossEpoch& before() const { return before_; }
  [[nodiscard]] double before_bandwidth() const { return before_bandwidth_; }

  /// With each feedback.
  void watch_queue(const PathSignals& signals, Seconds now);
  /// Going faster lost no more, or it did, or a queue showed the limit.
  void confirmed(Seconds round_trip, Seconds now);
  void reverted(Seconds round_trip, Seconds now);
  void limit_shown() { confirms_ = 0; }
  /// Loss looks like our own: a slower test is due sooner.
  void suspect() { suspicious_ = true; }
  /// The start is over: the time to the first slower test runs.
  void start_over(Seconds now) { last_slower_ = now; }

 private:
  enum class Kind { none, growth, first, slower };
  void begin(Kind kind, double rate, Seconds now);

  Kind kind_ = Kind::none;
  double rate_ = 0;
  Seconds since_ = 0;
  unsigned confirms_ = 0;
  double backoff_rounds_ = 4;
  Seconds next_growth_ = 0;
  Seconds calm_since_ = -1;
  LossEpoch before_;
  double before_bandwidth_ = 0;
  bool suspicious_ = false;
  Seconds last_slower_ = 0;
};

}  // namespace dcdn::coded
