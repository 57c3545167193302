// rate_control.hpp - how fast to send: random loss does not slow it, a queue of its own making does.
//
// The rate follows what passes the bottleneck, aiming at a small queue. What makes that safe is that loss
// counts as random only while it does not grow with the rate (LossJudge). Above the confirmed rate one only
// gets by a test of about a round trip, whose loss tells whether the surplus was dropped (RateTests).
// Modes    starting: doubles each round trip. steady: follows the queue. competing: others keep a queue
//          standing that we cannot drain; then probe as they do, within a window, until we are alone again.
// Source   the idea of confirming is this project's.
// Threads  pure.
#pragma once
#include "coded/bandwidth_estimate.hpp"
#include "coded/competition.hpp"
#include "coded/loss_judge.hpp"
#include "coded/outage_hold.hpp"
#include "coded/path_signals.hpp"
#include "coded/queue_aim.hpp"
#include "coded/rate_tests.hpp"
#include "coded/start_phase.hpp"

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
  [[nodiscard]] bool holding() const { return outage_.holding(); }
  [[nodiscard]] bool starting() const { return mode_ == Mode::starting; }
  [[nodiscard]] bool competing() const { return mode_ == Mode::competing; }
  [[nodiscard]] double bandwidth() const { return starting() ? start_.rate() : estimate_.bandwidth(); }

 private:
  enum class Mode { starting, steady, competing };

  void begin(std::uint64_t next_number, Seconds now);
  void leave_start(double rate, Seconds now);
  void take_sample(Seconds now);
  void judge(Seconds now);
  bool judge_test(const LossEpoch& epoch, Seconds now);
  bool judge_usual(const LossEpoch& epoch, Seconds now);
  void compete(Seconds now);
  void consider_tests(std::uint64_t next_number, Seconds now);
  [[nodiscard]] double steady_rate(Seconds now);
  [[nodiscard]] double limited(double rate) const;
  [[nodiscard]] Seconds told_every() const { return feedback_interval() * 0.005; }
  [[nodiscard]] Seconds round() const { return signals_.base_round_trip(); }

  RateOptions options_;
  PathSignals signals_;
  Mode mode_ = Mode::starting;
  StartPhase start_;
  BandwidthEstimate estimate_;
  LossJudge loss_;
  RateTests tests_;
  QueueAim aim_;
  Competition competition_;
  OutageHold outage_;
};

}  // namespace dcdn::coded
