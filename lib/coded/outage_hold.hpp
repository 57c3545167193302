// outage_hold.hpp - whether the path is silent, and how little to send until it is heard of again.
//
// Threads  pure.
#pragma once
#include <optional>

#include "coded/path_signals.hpp"

namespace dcdn::coded {

class OutageHold {
 public:
  /// A packet leaves. in_flight: others are under way; told_every: how often feedback is due.
  void sent(const PathSignals& signals, Seconds told_every, bool in_flight, Seconds now);
  /// Feedback came that tells something new: no outage any more.
  void heard(Seconds now);
  /// While something is under way: holds once nothing has been heard for too long.
  void watch(const PathSignals& signals, Seconds told_every, double bandwidth, Seconds now);
  [[nodiscard]] bool holding() const { return since_.has_value(); }
  /// Packets a second, while holding.
  [[nodiscard]] double rate(Seconds round_trip, Seconds now) const;
  /// So much was sent, and never anything heard: the handshake may have met a short moment.
  [[nodiscard]] bool unheard() const;

 private:
  unsigned unheard_ = 0;  // packets sent before the first feedback
  Seconds last_sent_ = -1e9;
  Seconds progress_ = 0;
  std::optional<Seconds> since_;
  double from_ = 0;  // packets a second, when it began
};

}  // namespace dcdn::coded
