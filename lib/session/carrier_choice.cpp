#include "session/carrier_choice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dcdn::session {

namespace {

constexpr double kCodedFromLoss = 0.01;
constexpr std::uint64_t kEnoughPackets = 500;

}  // namespace

void CarrierChoice::agree() {
  if (!may_be_coded()) return;
  agreed_ = true;
  const bool wanted = shared_.settings.quic.carrier == Carrier::coded;
  if (wanted || connection_.stats().min_rtt >= kShortPath) start();
}

void CarrierChoice::start() {
  if (const auto started = connection_.start_coded(shared_.settings.rate_bytes_per_s); !started) {
    agreed_ = false;
    shared_.watcher.on_note(
        1, path_ + ": coded carrier: " + started.error().message + "; going on over streams");
  }
}

void CarrierChoice::consider(const net::ConnectionStats& stats) {
  if (!agreed_ || connection_.coded() || stats.packets_sent < kEnoughPackets) return;
  const double lost = static_cast<double>(stats.packets_lost) / static_cast<double>(stats.packets_sent);
  if (lost < kCodedFromLoss) return;
  shared_.watcher.on_note(1, fmt::format("{} loses {:.1f} % of packets: now coded", path_, lost * 100));
  start();
}

}  // namespace dcdn::session
