// virtual_link.hpp - one direction of a path on a virtual clock: a bottleneck with a queue, then delay, loss,
// outages.
#pragma once
#include <algorithm>
#include <optional>
#include <random>

namespace dcdn::sim {

/// When virtual time begins. Not zero: stamps are of any clock.
inline constexpr double kBeginning = 100;

struct LinkOptions {
  double bits_per_s = 10e6;
  double delay = 0.1;
  double jitter =
      0;  ///< each packet's delay is drawn evenly from delay - jitter to delay + jitter, never below zero
  double loss = 0;
  double queue_bytes = 0;  ///< 0: one round trip's worth
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

class VirtualLink {
 public:
  VirtualLink(const LinkOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  /// When a packet of that many bytes (of IP) arrives; nothing if it does not.
  std::optional<double> send(double now, double bytes) {
    ++packets;
    const bool later = now >= options_.changes_at;
    const double rate = later ? options_.later_bits_per_s : options_.bits_per_s;
    const double room =
        options_.queue_bytes > 0 ? options_.queue_bytes : options_.bits_per_s * options_.delay / 4;
    const double backlog = std::max(0.0, busy_until_ - now) * rate / 8;
    if (backlog > 0 && backlog + bytes > room) {
      ++dropped;
      return std::nullopt;
    }
    busy_until_ = std::max(now, busy_until_) + bytes * 8 / rate;
    queue_delay_sum += busy_until_ - now;
    const bool lost = uniform() < (later ? options_.later_loss : options_.loss);
    const bool is_down =
        options_.up > 0 && std::fmod(busy_until_ - kBeginning, options_.up + options_.down) > options_.up;
    bad_ = bad_ ? uniform() >= options_.to_good : uniform() < options_.to_bad;
    if (lost || is_down || (bad_ && uniform() < options_.loss_in_bad)) {
      ++lost_at_random;
      return std::nullopt;
    }
    const double delay = options_.delay + options_.jitter * (2 * uniform() - 1);
    return busy_until_ + std::max(0.0, delay);
  }
  double packets = 0;
  double dropped = 0;
  double lost_at_random = 0;
  double queue_delay_sum = 0;

 private:
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  LinkOptions options_;
  std::mt19937_64 random_;
  double busy_until_ = 0;
  bool bad_ = false;
};

}  // namespace dcdn::sim
