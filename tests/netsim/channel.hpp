// channel.hpp - one direction of a link: a bottleneck with a queue, then delay, jitter, loss, bursts and
// outages.
//
// Pure: it is told what time it is. tests/netsim/main.cpp puts packets through it in real time, tests on a
// virtual clock.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace dcdn::netsim {

/// Since the link came up.
using Time = std::chrono::nanoseconds;

/// Gilbert-Elliott: a good and a bad state, stepped by every packet.
struct Bursts {
  double to_bad = 0;
  double to_good = 1;
  double loss_good = 0;
  double loss_bad = 1;
};

/// From a moment on, a rate and a loss of its own.
struct Change {
  Time at{};
  std::optional<double> bytes_per_s;
  std::optional<double> loss;
};

struct ChannelOptions {
  double bytes_per_s = 0;         ///< 0: no limit, and no queue
  std::uint64_t queue_bytes = 0;  ///< 0: the rate times twice the delay, but at least kLeastQueue
  Time delay{};                   ///< one way
  Time
      jitter{};  ///< each packet's delay is drawn evenly from delay - jitter to delay + jitter, never below 0
  double loss = 0;  ///< each packet for itself
  std::optional<Bursts> bursts;
  Time up{};  ///< outages: up that long, then `down` long nothing arrives; 0: always up
  Time down{};
  std::optional<Change> change;
};

struct ChannelCounters {
  std::uint64_t sent = 0;  ///< packets offered; each of them is delivered, lost or dropped
  std::uint64_t sent_bytes = 0;
  std::uint64_t delivered = 0;
  std::uint64_t delivered_bytes = 0;
  std::uint64_t lost = 0;  ///< by chance: single losses and bursts
  std::uint64_t lost_in_outage = 0;
  std::uint64_t dropped = 0;  ///< no room in the queue: the senders' own doing
  Time queue_delay_sum{};     ///< waiting before the bottleneck, over all but the dropped
  Time queue_delay_most{};
};

/// Ten full packets: a queue below this drops what any sender sends in a burst.
inline constexpr std::uint64_t kLeastQueue = 15'000;

class Channel {
 public:
  Channel(const ChannelOptions& options, std::uint64_t seed);

  /// A packet of that many bytes, IP header included, enters; when it comes out, or nothing if it never does.
  /// Times must not decrease.
  std::optional<Time> offer(Time now, std::uint64_t bytes);

  const ChannelCounters& counters() const { return counters_; }
  /// Bytes that wait before the bottleneck or are passing it.
  std::uint64_t queued_bytes(Time now);
  std::uint64_t queue_limit() const { return queue_limit_; }

 private:
  struct Waiting {
    Time leaves;
    std::uint64_t bytes;
  };
  double uniform();
  bool by_chance(double loss);
  Time draw_delay();
  Time leave_time(Time now, std::uint64_t bytes);

  ChannelOptions options_;
  std::uint64_t queue_limit_;
  std::mt19937_64 random_;
  ChannelCounters counters_;
  std::deque<Waiting> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  Time busy_until_{};
  bool bad_ = false;
};

/// Part of the packets that is lost by chance in the long run, before a change and outages aside.
double average_loss(const ChannelOptions& options);
/// True while an outage keeps everything from arriving.
bool in_outage(const ChannelOptions& options, Time when);

}  // namespace dcdn::netsim
