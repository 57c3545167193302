// pacer.hpp - when the next packets may leave: the congestion controller's rate, kept on average, and made up
// for loss.
//
// Source   BBR estimates what arrives: C (1 - p) on a path of rate C that loses a share p at random, and
// paces at that. So
//          it sends less than the path takes, and from p = 1/5 on its probing, a gain of 1.25, finds nothing
//          more. Paced at estimate / (1 - 0.8 p) it finds C up to p = 1/2. That it is 0.8 and not 1 makes
//          loss by our own excess die out; and where packets queue (the round trip grows) loss is taken for
//          congestion and not made up. 10 Mbit/s, 200 ms, 20 % loss: 7 Mbit/s where plain pacing gives 2
//          to 3.
// Threads  pure: time and counts are parameters.
#pragma once
#include <cstdint>

namespace dcdn::net {

/// What is known of a path: totals since its beginning, and round trips in nanoseconds.
struct PathSample {
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_lost = 0;
  std::uint64_t smoothed_rtt = 0;
  std::uint64_t min_rtt = 0;
};

class Pacer {
 public:
  using Nanoseconds = std::uint64_t;
  /// makes_up: pace faster by the measured loss (BBR); controllers that slow down on loss are left alone.
  explicit Pacer(bool makes_up) : makes_up_(makes_up) {}

  /// A batch leaves at `now`. What is returned plus bytes / rate is when the next one may.
  Nanoseconds batch_sent(Nanoseconds now, double bytes, double bytes_per_ns);
  /// Totals so far; taken note of about once a round trip.
  [[nodiscard]] bool wants_counts(Nanoseconds now) const { return makes_up_ && now >= next_count_; }
  void count(Nanoseconds now, const PathSample& sample);
  /// Part of each interval that is left out: 0 on a clean or a queueing path.
  [[nodiscard]] double made_up() const;

 private:
  bool makes_up_;
  Nanoseconds due_ = 0;
  Nanoseconds next_count_ = 0;
  PathSample last_;
  double loss_ = 0;      // share of packets lost lately
  double queueing_ = 0;  // how much longer than the shortest a round trip is
};

}  // namespace dcdn::net
