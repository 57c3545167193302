// queue_aim.hpp - the rate at which a small queue stays, and the dips in which it goes for a moment.
//
// Source   the queue as the signal to steer by: LEDBAT (RFC 6817).
// Threads  pure.
#pragma once
#include "coded/path_signals.hpp"

namespace dcdn::coded {

class QueueAim {
 public:
  static constexpr double kDip = 0.4;  ///< of the bandwidth

  /// The time to the first dip runs.
  void begin(Seconds now);
  /// Now and then less is sent, so that the shortest delay is seen again: such a moment.
  [[nodiscard]] bool dips(const PathSignals& signals, Seconds now);
  /// Packets a second, by the queue. delivered: packets a second that arrive.
  [[nodiscard]] static double rate(const PathSignals& signals, double bandwidth, double delivered);

 private:
  Seconds next_dip_ = 0;
  Seconds dip_until_ = 0;
};

}  // namespace dcdn::coded
