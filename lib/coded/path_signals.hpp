// path_signals.hpp - round trip, queue, loss and rates of a path, out of what the receiver tells.
//
// Threads  pure.
#pragma once
#include <array>
#include <deque>
#include <optional>

#include "coded/coded_packet.hpp"
#include "coded/coded_time.hpp"
#include "coded/loss_meter.hpp"

namespace dcdn::coded {

/// Totals of a feedback as whole numbers; times are of the clock they were taken by.
struct Totals {
  double number = 0;    // highest packet number
  double received = 0;  // packets
  Seconds sent = 0;     // when the highest was sent, our clock
  Seconds came = 0;     // when it came, receiver's clock
  Seconds heard = 0;    // when we learned of it
};

class PathSignals {
 public:
  explicit PathSignals(Seconds handshake_round_trip);

  /// True: the feedback tells of packets beyond those known, and totals() and the rest are new. own_rate:
  /// packets a second; packet_bits: of IP, for the queue that is aimed at.
  bool take(const Feedback& feedback, std::uint64_t highest, Seconds now, double own_rate, double packet_bits,
            bool starting);
  /// After a silence of the path: rates across it mean nothing, and losses before packet `next_number` are
  /// the outage's.
  void resume(Seconds now, std::uint64_t next_number);

  [[nodiscard]] const Totals& totals() const { return totals_; }
  [[nodiscard]] Seconds base_round_trip() const;  ///< without our queue
  [[nodiscard]] Seconds smoothed_round_trip() const { return smoothed_; }
  [[nodiscard]] Seconds queue() const { return queue_; }
  [[nodiscard]] Seconds target_queue() const { return target_; }
  /// The target, had we that rate and were packets evenly spaced.
  [[nodiscard]] static Seconds target_at(double rate, double packet_bits);
  [[nodiscard]] Seconds jitter() const { return jitter_; }
  [[nodiscard]] Seconds uneven() const { return uneven_; }  ///< jitter in excess of packet spacing
  [[nodiscard]] double loss() const { return loss_.share(); }
  [[nodiscard]] double train() const { return train_; }  ///< 0: not known
  /// How much more losses scatter than independent ones would: their runs are longer.
  [[nodiscard]] double dispersion() const { return loss_.dispersion(); }
  struct Rates {
    double passing = 0;    // packet numbers a second that pass the bottleneck: loss-blind
    double delivered = 0;  // packets a second that arrive
    double packets = 0;    // the measure spans
  };
  /// Over about a round trip; nothing if there was no good span.
  [[nodiscard]] const std::optional<Rates>& rates() const { return rates_; }

 private:
  void measure_round_trip(const Feedback& feedback, Seconds now);
  void measure_queue(const Feedback& feedback, Seconds now, double own_rate, double packet_bits);
  void measure_rates(bool starting);

  bool started_ = false;
  double skip_loss_until_ = 0;  // packet number
  Totals totals_;
  std::uint32_t last_came_ = 0;
  std::uint32_t last_received_ = 0;
  Seconds least_;
  Seconds smoothed_;
  Seconds slow_low_;  // of round trips less the queue
  Seconds queue_ = 0;
  Seconds target_ = 0.010;
  Seconds jitter_ = 0;
  Seconds uneven_ = 0;
  double train_ = 0;
  LossMeter loss_;
  std::uint32_t first_delay_ = 0;
  struct DelayBucket {
    Seconds start = 0;
    Seconds shortest = 0;
  };
  std::deque<DelayBucket> delays_;
  std::deque<Totals> history_;
  std::optional<Rates> rates_;
};

}  // namespace dcdn::coded
