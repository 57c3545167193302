// What a path is worth: which carrier takes the chunks, QUIC's streams or coded packets beside it, and
// whether the first ones wait for an answer (dcdn-session(5), BEGINNING AT ONCE, CODED CARRIER).
#include <fmt/format.h>

#include <algorithm>

#include "session/send_connection.hpp"

namespace dcdn::session {

namespace {

constexpr double kCodedFromLoss = 0.01;
constexpr std::uint64_t kEnoughPackets = 500;

}  // namespace

// Several paths requeue what QUIC did not acknowledge when one fails; coded packets are not QUIC's to
// acknowledge.
bool SendConnection::may_be_coded() const {
  return shared_.settings.quic.carrier != Carrier::streams && !shared_.settings.several_paths();
}

Result<void> SendConnection::take_carrier(const wire::Frame& frame) {
  // What it says does not matter yet: there is one version.
  if (const auto agreed = wire::parse<wire::CarrierOffer>(frame.body.view()); !agreed) return agreed.error();
  if (!may_be_coded()) return Error(Errc::corrupt, "the receiver agrees to a carrier that was not offered");
  agree_on_coded();
  return {};
}

// One object of a session's first connection does not wait for its answer, which saves a round trip. It is
// one of which the receiver can hardly have anything, or that is worth it: of a repeated command this is
// wasted.
bool SendConnection::may_begin_early(const ObjectTransfer& transfer) const {
  constexpr std::uint64_t kWorthIt = 1u << 20;
  const SendObject& object = transfer.object();
  const bool first = !begun_early_ && shared_.connections == 1;
  const bool small_chunks = shared_.settings.chunk_bytes.value_or(0) <= kEarlyLargestChunk;
  const bool pays = object.priority == wire::Priority::critical || object.bytes.value_or(0) >= kWorthIt;
  return connection_->begins_early() && first && small_chunks && pays && object.rereadable() &&
         connection_->stats().min_rtt >= kShortPath && !shared_.paused;
}

void SendConnection::agree_on_coded() {
  if (!may_be_coded()) return;
  coded_agreed_ = true;
  const bool wanted = shared_.settings.quic.carrier == Carrier::coded;
  if (wanted || connection_->stats().min_rtt >= kShortPath) start_coded();
}

void SendConnection::start_coded() {
  if (const auto started = connection_->start_coded(shared_.settings.rate_bytes_per_s); !started) {
    coded_agreed_ = false;
    shared_.watcher.on_note(1, "coded carrier: " + started.error().message + "; going on over streams");
  }
}

void SendConnection::consider_coded() {
  if (!coded_agreed_ || connection_->coded()) return;  // a short path may turn out to lose packets
  const auto stats = connection_->stats();
  const double lost =
      static_cast<double>(stats.packets_lost) / std::max(1.0, static_cast<double>(stats.packets_sent));
  if (stats.packets_sent < kEnoughPackets || lost < kCodedFromLoss) return;
  shared_.watcher.on_note(1, fmt::format("the path loses {:.1f} % of packets: now coded", lost * 100));
  start_coded();
}

}  // namespace dcdn::session
