// loss_judge.hpp - telling random loss from our own: the part of the rate control that makes it safe.
//
// An epoch is a run of packets of a round trip or more, whose rate and loss are compared with what is
// confirmed: the highest rate that was shown to lose no more than a lower one.
//
// Threads  pure.
#pragma once
#include <optional>

#include "coded/path_signals.hpp"

namespace dcdn::coded {

struct LossEpoch {
  double rate = 0;  // packets a second
  double loss = 0;
  double packets = 0;
  Seconds length = 0;
};

/// What an epoch says of the rate it was sent at. unclear: let it grow. usual: no faster than confirmed.
enum class Verdict { unclear, usual, random, overload };

class LossJudge {
 public:
  /// Packets numbered `from` and higher make the next epoch.
  void begin_epoch(std::uint64_t from);
  /// With each feedback. dry: there is less to send than the rate allows. The epoch under way, once it is
  /// long enough to be judged; close_epoch() when it was.
  [[nodiscard]] std::optional<LossEpoch> take(const PathSignals& signals, bool dry);
  /// The next epoch begins where this one ends.
  void close_epoch(const LossEpoch& epoch, const PathSignals& signals, bool dry);
  void ran_dry() { epoch_dry_ = true; }

  /// Learns from an epoch that was sent at the usual rate, or faster for a test.
  Verdict judge(const LossEpoch& epoch, const PathSignals& signals);
  /// Slower on purpose, than `before`: if loss falls as overload would explain, it was overload.
  Verdict judge_slower(const LossEpoch& before, const LossEpoch& epoch, const PathSignals& signals);
  /// It lost more than is random, under a queue.
  [[nodiscard]] bool suspects(const LossEpoch& epoch, const PathSignals& signals) const;
  /// More is lost than was shown to be random: it may be our own, under a queue that jitter hides from us.
  [[nodiscard]] bool unproven(const PathSignals& signals) const;

  /// Random loss is known.
  [[nodiscard]] bool known() const { return random_loss_.has_value(); }
  /// Packets a second that pass the bottleneck, as far as random loss explains what was lost.
  [[nodiscard]] double passing(const PathSignals& signals, const PathSignals::Rates& rates) const;
  [[nodiscard]] double confirmed() const { return confirmed_; }
  void set_confirmed(double rate) { confirmed_ = rate; }
  void confirm(double rate);
  /// A queue shows the rate of the bottleneck, unless it is full and `passing` is only what we send.
  void confirm_by_queue(double passing, double delivered);
  /// The highest rate to go at without a test.
  [[nodiscard]] double most_rate() const;
  /// The rate of the last test that failed bounds the next ones no longer.
  void lift_ceiling() { ceiling_.reset(); }
  [[nodiscard]] const LossEpoch& last_epoch() const { return last_epoch_; }

 private:
  [[nodiscard]] double deviation(const PathSignals& signals, double packets) const;
  void learn_first(const LossEpoch& epoch, const PathSignals& signals);
  void learn_usual(const LossEpoch& epoch, const PathSignals& signals);
  Verdict judge_faster(const LossEpoch& epoch, const PathSignals& signals);
  void revert(const LossEpoch& epoch, const PathSignals& signals);
  void average_in(const LossEpoch& epoch);

  double confirmed_ = 0;
  std::optional<double> random_loss_;
  double evidence_ = 0;     // packets behind random_loss_
  double proven_loss_ = 0;  // so much was shown to be no overload
  std::optional<double> ceiling_;
  double epoch_from_ = 0;
  std::optional<Totals> epoch_start_;
  double epoch_loss_floor_ = 0;  // of the epoch under way, for deviation()
  bool epoch_dry_ = false;
  LossEpoch last_epoch_;
};

}  // namespace dcdn::coded
