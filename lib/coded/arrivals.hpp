// arrivals.hpp - what a receiver measures of the packets that come, and when it tells.
//
// Threads  pure.
#pragma once
#include <deque>

#include "coded/coded_packet.hpp"
#include "coded/coded_time.hpp"
#include "coded/first_train.hpp"

namespace dcdn::coded {

class Arrivals {
 public:
  /// A packet that was not seen before.
  void take(std::uint64_t number, const DataHeader& header, Seconds now);
  /// Fills in everything but the blocks.
  void report(Feedback& feedback, Seconds now);

  /// When feedback is due next; infinite: when packets come. complete: no block lacks anything.
  [[nodiscard]] Seconds due(bool complete) const;
  void told(Seconds now);
  /// When it may be told again without telling more often than wanted.
  [[nodiscard]] Seconds next_regular() const { return told_ + interval_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  /// Packet numbers that never came, so far as one can tell.
  [[nodiscard]] std::uint64_t missing() const { return started_ ? highest_ + 1 - received_ : 0; }

 private:
  struct Bucket {
    Seconds start = 0;
    Seconds shortest = 0;
    Seconds longest = 0;
    unsigned count = 0;
  };
  void measure_delay(Seconds delay, Seconds now);
  [[nodiscard]] bool jittery() const;
  [[nodiscard]] Seconds shortest_delay(Seconds now) const;
  [[nodiscard]] Seconds longest_delay(Seconds now) const;

  bool started_ = false;
  std::uint64_t highest_ = 0;
  std::uint32_t highest_sent_ = 0;
  Seconds highest_came_ = 0;
  std::uint64_t received_ = 0;
  std::uint32_t loss_runs_ = 0;
  std::uint32_t first_delay_ = 0;  // stamp: delays are counted from it
  Seconds last_delay_ = 0;
  Seconds jitter_ = 0;
  Seconds between_ = 0;  // packets, on average
  Seconds last_came_ = 0;
  std::deque<Bucket> buckets_;
  Seconds interval_ = 0.010;
  Seconds told_ = -1;
  bool tell_now_ = false;
  unsigned told_in_silence_ = 0;
  FirstTrain train_;
};

}  // namespace dcdn::coded
