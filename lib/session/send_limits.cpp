#include "session/send_limits.hpp"

#include <algorithm>

namespace dcdn::session {

namespace {

constexpr double kLeastBurstBytes = 16384;  // a packet batch
constexpr double kLeastBurstChunks = 1;

// A burst is what may leave at once after silence: a quarter second's worth.
double burst_of(double per_second, double least) {
  return std::max(per_second / 4, least);
}

}  // namespace

void SendLimits::set_rate(double bytes_per_s, Micros now) {
  bytes_per_s_ = bytes_per_s;
  bytes_.set_rate(bytes_per_s, burst_of(bytes_per_s, kLeastBurstBytes), now);
}

void SendLimits::set_chunk_rate(double chunks_per_s, Micros now) {
  chunks_.set_rate(chunks_per_s, burst_of(chunks_per_s, kLeastBurstChunks), now);
}

Micros SendLimits::ready_at(Micros now) const {
  return std::max(bytes_.ready_at(now), chunks_.ready_at(now));
}

void SendLimits::spend(std::size_t bytes, Micros now) {
  (void)bytes_.try_spend(static_cast<double>(bytes), now);
  (void)chunks_.try_spend(1, now);
}

}  // namespace dcdn::session
