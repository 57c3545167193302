// start_phase.hpp - the rate of the first round trips: it grows until the bottleneck is found, or the first
// packets show where it is.
//
// Threads  pure.
#pragma once
#include "coded/path_signals.hpp"

namespace dcdn::coded {

class StartPhase {
 public:
  explicit StartPhase(Seconds handshake_round_trip);

  /// Packets a second, now, and before anything was heard.
  [[nodiscard]] double rate() const { return rate_; }
  [[nodiscard]] double first_rate() const { return first_rate_; }
  /// By what the first packets, sent back to back, showed; `train` as in PathSignals.
  [[nodiscard]] double rate_of_train(double train) const;
  /// With each feedback that gives rates.
  void grow(const PathSignals::Rates& rates, Seconds now);
  /// What arrives grows no more.
  [[nodiscard]] bool stagnates(const PathSignals& signals, Seconds now) const;

 private:
  double first_rate_;
  double rate_;
  double best_ = 0;
  Seconds grew_ = 0;
};

}  // namespace dcdn::coded
