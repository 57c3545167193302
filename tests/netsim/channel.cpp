#include "netsim/channel.hpp"

#include <algorithm>
#include <cmath>

namespace dcdn::netsim {
namespace {

double seconds(Time time) {
  return std::chrono::duration<double>(time).count();
}

std::uint64_t choose_queue(const ChannelOptions& options) {
  if (options.queue_bytes > 0) return options.queue_bytes;
  const double product = options.bytes_per_s * 2 * seconds(options.delay);
  return std::max(kLeastQueue, static_cast<std::uint64_t>(std::llround(product)));
}

bool changed(const ChannelOptions& options, Time when) {
  return options.change && when >= options.change->at;
}

}  // namespace

Channel::Channel(const ChannelOptions& options, std::uint64_t seed)
    : options_(options), queue_limit_(choose_queue(options)), random_(seed) {}

// Not std::uniform_real_distribution, whose results may differ from one standard library to the next.
double Channel::uniform() {
  return static_cast<double>(random_() >> 11) * 0x1p-53;
}

std::uint64_t Channel::queued_bytes(Time now) {
  while (!waiting_.empty() && waiting_.front().leaves <= now) {
    waiting_bytes_ -= waiting_.front().bytes;
    waiting_.pop_front();
  }
  return waiting_bytes_;
}

// What waits already when the rate changes still leaves at the old one.
Time Channel::leave_time(Time now, std::uint64_t bytes) {
  const Time begins = std::max(now, busy_until_);
  double rate = options_.bytes_per_s;
  if (changed(options_, begins) && options_.change->bytes_per_s) rate = *options_.change->bytes_per_s;
  if (rate <= 0) return begins;
  return begins + Time(std::llround(static_cast<double>(bytes) / rate * 1e9));
}

// All numbers are drawn for every packet, whatever becomes of it: an option changes nothing but what it is
// about.
bool Channel::by_chance(double loss) {
  const double single = uniform();
  const double step = uniform();
  const double burst = uniform();
  bool lost = single < loss;
  if (options_.bursts) {
    bad_ = bad_ ? step >= options_.bursts->to_good : step < options_.bursts->to_bad;
    lost |= burst < (bad_ ? options_.bursts->loss_bad : options_.bursts->loss_good);
  }
  return lost;
}

Time Channel::draw_delay() {
  const double offset = 2 * uniform() - 1;
  const Time delay =
      options_.delay + Time(std::llround(offset * static_cast<double>(options_.jitter.count())));
  return std::max(Time(0), delay);
}

std::optional<Time> Channel::offer(Time now, std::uint64_t bytes) {
  ++counters_.sent;
  counters_.sent_bytes += bytes;
  if (options_.bytes_per_s > 0 && queued_bytes(now) > 0 && waiting_bytes_ + bytes > queue_limit_) {
    ++counters_.dropped;
    return std::nullopt;
  }
  const Time waits = std::max(Time(0), busy_until_ - now);
  counters_.queue_delay_sum += waits;
  counters_.queue_delay_most = std::max(counters_.queue_delay_most, waits);
  busy_until_ = leave_time(now, bytes);
  waiting_.push_back({busy_until_, bytes});
  waiting_bytes_ += bytes;

  const bool other_loss = changed(options_, busy_until_) && options_.change->loss;
  const bool lost = by_chance(other_loss ? *options_.change->loss : options_.loss);
  const Time delay = draw_delay();
  if (in_outage(options_, busy_until_)) {
    ++counters_.lost_in_outage;
    return std::nullopt;
  }
  if (lost) {
    ++counters_.lost;
    return std::nullopt;
  }
  ++counters_.delivered;
  counters_.delivered_bytes += bytes;
  return busy_until_ + delay;
}

double average_loss(const ChannelOptions& options) {
  double kept = 1 - options.loss;
  if (options.bursts) {
    const Bursts& bursts = *options.bursts;
    const double both = bursts.to_bad + bursts.to_good;
    const double bad = both > 0 ? bursts.to_bad / both : 0;
    kept *= 1 - (bad * bursts.loss_bad + (1 - bad) * bursts.loss_good);
  }
  return 1 - kept;
}

bool in_outage(const ChannelOptions& options, Time when) {
  if (options.up <= Time(0) || options.down <= Time(0)) return false;
  return when % (options.up + options.down) >= options.up;
}

}  // namespace dcdn::netsim
