// rate_control.hpp - how fast to send: random loss does not slow it, a queue of its own making does.
//
// The rate follows what passes the bottleneck, aiming at a small queue. What makes that safe is that loss
// counts as random only while it does not grow with the rate: `confirmed` is the highest rate that was shown
// to lose no more than a lower one. Above it one only gets by a test of about a round trip, whose loss tells
// whether the surplus was dropped. Modes    starting: doubles each round trip. steady: follows the queue.
// competing: others keep a queue standing that
//          we cannot drain; then probe as they do, within a window, until we are alone again.
// Source   the idea of confirming is this project's; windows of maxima as in BBR, the queue as in LEDBAT (RFC
// 6817). Threads  pure.
#pragma once
#include <optional>

#include "coded/max_filter.hpp"
#include "coded/path_signals.hpp"

namespace dcdn::coded {

struct RateOptions {
  Seconds handshake_round_trip = 0.1;
  double packet_bits = 12000;  ///< of IP, of a full packet
  double most = 0;             ///< packets a second; 0: no limit
};

class RateControl {
 public:
  explicit RateControl(const RateOptions& options);

  /// next_number: of the packet that would be sent next.
  void take(const Feedback& feedback, std::uint64_t highest, std::uint64_t next_number, Seconds now);
  /// A packet leaves. in_flight: others are under way.
  void sent(Seconds now, bool in_flight);
  /// There was leave to send, and nothing to send.
  void ran_dry(Seconds now);
  void set_packet_bits(double bits) { options_.packet_bits = bits; }
  void set_most(double packets_per_s) { options_.most = packets_per_s; }

  /// Packets a second, now. in_flight: something is under way whose fate is not known.
  [[nodiscard]] double rate(Seconds now, bool in_flight);
  /// Too much is under way for the competing mode.
  [[nodiscard]] bool window_full(std::uint64_t next_number) const;
  /// Share of packets that gets lost for no fault of ours, as well as it is known.
  [[nodiscard]] double loss() const { return signals_.loss(); }
  [[nodiscard]] const PathSignals& signals() const { return signals_; }
  /// How often the receiver should tell, in 5 ms.
  [[nodiscard]] std::uint8_t feedback_interval() const;
  [[nodiscard]] bool holding() const { return hold_since_.has_value(); }
  [[nodiscard]] bool starting() const { return mode_ == Mode::starting; }
  [[nodiscard]] bool competing() const { return mode_ == Mode::competing; }
  [[nodiscard]] double bandwidth() const { return mode_ == Mode::starting ? start_rate_ : bandwidth_.get(); }

 private:
  enum class Mode { starting, steady, competing };
  enum class Test { none, growth, first, down };
  struct Epoch {
    double rate = 0;
    double loss = 0;
    double packets = 0;
    Seconds length = 0;
  };

  // rate_control.cpp
  void begin(std::uint64_t next_number, Seconds now);
  void take_sample(Seconds now);
  [[nodiscard]] double sample_of(const PathSignals::Rates& rates) const;
  void leave_start(double rate, Seconds now);
  void compete(Seconds now);
  [[nodiscard]] double steady_rate(Seconds now);
  [[nodiscard]] double competing_rate(Seconds now);
  [[nodiscard]] double hold_rate(Seconds now) const;
  [[nodiscard]] double limited(double rate) const;
  [[nodiscard]] Seconds patience() const;
  [[nodiscard]] Seconds told_every() const { return feedback_interval() * 0.005; }
  [[nodiscard]] Seconds round() const { return signals_.base_round_trip(); }
  [[nodiscard]] double first_rate() const;
  // loss_epochs.cpp
  void judge(Seconds now);
  void start_epoch(std::uint64_t from) { epoch_from_ = static_cast<double>(from), epoch_start_.reset(); }
  [[nodiscard]] std::optional<Epoch> finished_epoch() const;
  [[nodiscard]] double deviation(double packets) const;
  bool judge_faster(const Epoch& epoch, Seconds now);
  void average_in(const Epoch& epoch);
  void judge_usual(const Epoch& epoch);
  bool judge_slower(const Epoch& epoch, Seconds now);
  void learn_first_loss(const Epoch& epoch);
  void revert(const Epoch& epoch, Seconds now);
  void end_test() { test_ = Test::none; }
  void consider_tests(std::uint64_t next_number, Seconds now);
  void set_bandwidth(double rate, Seconds now) { bandwidth_.reset(now, rate); }

  RateOptions options_;
  PathSignals signals_;
  Mode mode_ = Mode::starting;
  double start_rate_;
  double start_best_ = 0;
  Seconds start_grew_ = 0;
  MaxFilter bandwidth_;
  MaxFilter delivered_;
  MaxFilter highest_bandwidth_;  // of a minute
  double last_sample_ = 0;
  Seconds dry_until_ = -1;
  // loss
  double confirmed_ = 0;
  std::optional<double> random_loss_;
  double evidence_ = 0;  // packets behind random_loss_
  std::optional<double> ceiling_;
  double epoch_from_ = 0;
  std::optional<Totals> epoch_start_;
  double epoch_loss_floor_ = 0;  // of the epoch under way, for deviation()
  Epoch last_epoch_;
  bool epoch_dry_ = false;
  // tests
  Test test_ = Test::none;
  double test_rate_ = 0;
  Seconds test_since_ = 0;
  unsigned confirms_ = 0;
  double backoff_rounds_ = 4;
  Seconds next_test_ = 0;
  Seconds calm_since_ = -1;
  double before_rate_ = 0;
  double before_loss_ = 0;
  double before_bandwidth_ = 0;
  bool suspicious_ = false;
  double proven_loss_ = 0;  // so much was shown to be no overload
  Seconds last_down_ = 0;
  // dips
  Seconds next_dip_ = 0;
  Seconds dip_until_ = 0;
  // competition
  Seconds high_since_ = -1;
  Seconds low_since_ = -1;
  Seconds competing_since_ = 0;
  Seconds next_alone_test_ = 0;
  Seconds alone_test_until_ = 0;
  // outage
  unsigned unheard_ = 0;  // packets sent before the first feedback
  Seconds last_sent_ = -1e9;
  Seconds progress_ = 0;
  std::optional<Seconds> hold_since_;
  double hold_from_ = 0;
};

}  // namespace dcdn::coded
