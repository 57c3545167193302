#include "net/coded_side.hpp"

#include <algorithm>
#include <cmath>

#include "net/path_size.hpp"
#include "net/quic_clock.hpp"

namespace dcdn::net {

namespace {

// A block's symbols have one size for good, so it is one that every path takes at any time. Larger packets
// would carry a hundredth more of content.
constexpr std::size_t kPayload = PathSize::kBase;

coded::Seconds seconds_of(ngtcp2_tstamp time) {
  return static_cast<double>(time) * 1e-9;
}

}  // namespace

Result<void> CodedSide::listen(double bytes_per_s, coded::Seconds round_trip) {
  CodedCarrier::Options options;
  options.side = setup_.side;
  DCDN_TRY(options.secrets, export_coded_secrets(engine_.tls().handle(), setup_.side));
  options.receive_window = setup_.options.receive_window;
  options.bytes_per_s = bytes_per_s;
  options.round_trip = round_trip;
  options.udp_payload = kPayload;
  CodedCarrier::Hooks hooks;
  hooks.deliver = [this](StreamId id, ByteView bytes, bool fin) { gate_.data(id, bytes, fin); };
  hooks.arrived = [this](StreamId id) { gate_.acknowledged(id); };
  hooks.send = [this](ByteView bytes, std::size_t segment) { return send(bytes, segment); };
  DCDN_TRY(carrier_, CodedCarrier::make(options, std::move(hooks)));
  if (!validated_) validated_ = setup_.remote;
  return {};
}

void CodedSide::start(double bytes_per_s) {
  carrier_->limit(bytes_per_s);
  is_started_ = true;
}

void CodedSide::push(StreamId id, Buffer bytes, bool fin) {
  if (carrier_) carrier_->push(id, std::move(bytes), fin);
}

void CodedSide::drop(StreamId id) {
  if (carrier_) carrier_->drop(id);
}

void CodedSide::consumed(std::size_t bytes) {
  if (carrier_) carrier_->consumed(bytes);
}

// QUIC may be trying a new address of the peer. Until that has answered, coded packets go to the one before.
bool CodedSide::send(ByteView bytes, std::size_t segment) {
  if (setup_.owner == nullptr) return false;
  const ngtcp2_path* path = ngtcp2_conn_get_path(engine_.conn());
  const SocketAddress remote = SocketAddress::from_raw(path->remote.addr, path->remote.addrlen);
  const bool on_path = remote == *validated_;
  const SocketAddress local =
      on_path ? SocketAddress::from_raw(path->local.addr, path->local.addrlen) : setup_.local;
  outbox_.put(DatagramBatch{bytes, segment, local, *validated_});
  return !outbox_.is_full();
}

bool CodedSide::is_for_us(ByteView datagram) const {
  if (!carrier_) return false;
  const auto header = coded::parse_packet_header(datagram);
  return header && header->token == carrier_->token();
}

Result<bool> CodedSide::receive(ByteView datagram, ngtcp2_tstamp now) {
  return carrier_->receive(datagram, seconds_of(now));
}

// A translator on the way that gave us another address is noticed by QUIC packets only: coded ones may come
// from anywhere, but go where QUIC has validated. In silence they leave more often than to keep the
// connection alive.
void CodedSide::ask_in_hold() {
  constexpr std::chrono::milliseconds kAskEvery{400};
  const bool holding = carrier_->holding();
  if (std::exchange(asks_in_hold_, holding) == holding) return;
  engine_.set_keep_alive(holding ? kAskEvery : setup_.options.keep_alive);
}

void CodedSide::turn(ngtcp2_tstamp now) {
  constexpr std::size_t kUdpAndIpv4 = 28;
  constexpr std::size_t kUdpAndIpv6 = 48;
  if (!carrier_) return;
  const std::size_t headers = validated_->family() == AF_INET6 ? kUdpAndIpv6 : kUdpAndIpv4;
  if (!outbox_.is_full()) carrier_->turn(seconds_of(now), kPayload, headers);
  ask_in_hold();
}

ngtcp2_tstamp CodedSide::due(ngtcp2_tstamp now) const {
  // Below it the loop's own clock is what one waits for; packets that come due meanwhile leave together.
  constexpr ngtcp2_duration kQuantum = NGTCP2_MILLISECONDS;
  if (!carrier_ || outbox_.is_full()) return kNever;
  const coded::Seconds due = carrier_->due();
  if (!std::isfinite(due)) return kNever;
  const auto when = static_cast<ngtcp2_tstamp>(std::llround(std::max(due, 0.0) * 1e9));
  return std::max(when, now + kQuantum);
}

void CodedSide::count(ConnectionStats& stats) const {
  if (carrier_) carrier_->count(stats);
}

}  // namespace dcdn::net
