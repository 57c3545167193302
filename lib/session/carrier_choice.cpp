#include "session/carrier_choice.hpp"

#include <fmt/format.h>

#include "pace/carrier_rule.hpp"

namespace dcdn::session {

void CarrierChoice::agree() {
  if (!may_be_coded()) return;
  agreed_ = true;
  if (pace::goes_coded(shared_.settings.quic.carrier, connection_.stats().min_rtt, 0)) start();
}

void CarrierChoice::start() {
  limit_ = shared_.limits.rate();
  if (const auto started = connection_.start_coded(limit_); !started) {
    agreed_ = false;
    shared_.watcher.on_note(
        1, path_ + ": coded carrier: " + started.error().message + "; going on over streams");
  }
}

void CarrierChoice::limit(double bytes_per_s) {
  if (!connection_.coded() || bytes_per_s == limit_) return;
  limit_ = bytes_per_s;
  (void)connection_.start_coded(limit_);  // it has started: nothing can fail
}

void CarrierChoice::consider(const net::ConnectionStats& stats) {
  if (!agreed_ || connection_.coded()) return;
  const double lost = pace::known_loss(stats.packets_sent, stats.packets_lost);
  // How long the path is was judged when both sides agreed.
  if (!pace::goes_coded(shared_.settings.quic.carrier, Micros(0), lost)) return;
  shared_.watcher.on_note(1, fmt::format("{} loses {:.1f} % of packets: now coded", path_, lost * 100));
  start();
}

}  // namespace dcdn::session
