// virtual_link.hpp - netsim's channel on a virtual clock, in seconds and bits as the simulations say it: what
// they find is of the same link model that scripts/bench network sends real packets through.
#pragma once
#include <cmath>
#include <optional>

#include "netsim/channel.hpp"

namespace dcdn::sim {

/// When virtual time begins. Not zero: stamps are of any clock. Then links come up.
inline constexpr double kBeginning = 100;

/// As netsim::ChannelOptions, and the same defaults.
struct LinkOptions {
  double bits_per_s = 10e6;
  double delay = 0.1;
  double jitter = 0;
  double loss = 0;
  double queue_bytes = 0;
  // Gilbert-Elliott, a packet at a time
  double to_bad = 0;
  double to_good = 1;
  double loss_in_bad = 1;
  // outages: up that long, then down
  double up = 0;
  double down = 0;
  // from this moment on, a rate and a loss of its own
  double changes_at = 1e18;
  double later_bits_per_s = 0;
  double later_loss = 0;
};

inline netsim::Time link_time(double seconds) {
  return netsim::Time(std::llround(seconds * 1e9));
}

inline netsim::ChannelOptions channel_options(const LinkOptions& link) {
  netsim::ChannelOptions options;
  options.bytes_per_s = link.bits_per_s / 8;
  options.queue_bytes = static_cast<std::uint64_t>(link.queue_bytes);
  options.delay = link_time(link.delay);
  options.jitter = link_time(link.jitter);
  options.loss = link.loss;
  if (link.to_bad > 0) options.bursts = netsim::Bursts{link.to_bad, link.to_good, 0, link.loss_in_bad};
  options.up = link_time(link.up);
  options.down = link_time(link.down);
  if (link.changes_at < 1e18)
    options.change =
        netsim::Change{link_time(link.changes_at - kBeginning), link.later_bits_per_s / 8, link.later_loss};
  return options;
}

class VirtualLink {
 public:
  VirtualLink(const LinkOptions& options, std::uint64_t seed) : channel_(channel_options(options), seed) {}

  /// When a packet of that many bytes (of IP) arrives; nothing if it does not.
  std::optional<double> send(double now, double bytes) {
    const auto arrival = channel_.offer(link_time(now - kBeginning), static_cast<std::uint64_t>(bytes));
    const netsim::ChannelCounters& counted = channel_.counters();
    packets = static_cast<double>(counted.sent);
    dropped = static_cast<double>(counted.dropped);
    lost_at_random = static_cast<double>(counted.lost + counted.lost_in_outage);
    queue_delay_sum = std::chrono::duration<double>(counted.queue_delay_sum).count();
    if (!arrival) return std::nullopt;
    return kBeginning + std::chrono::duration<double>(*arrival).count();
  }
  double packets = 0;
  double dropped = 0;         ///< by a full queue
  double lost_at_random = 0;  ///< and in outages
  double queue_delay_sum = 0;

 private:
  netsim::Channel channel_;
};

}  // namespace dcdn::sim
