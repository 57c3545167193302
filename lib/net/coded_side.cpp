// The coded carrier beside a QUIC connection: which path its packets take, and when.
#include <algorithm>
#include <cmath>

#include "net/quic_connection.hpp"

namespace dcdn::net {

namespace {

coded::Seconds seconds_of(ngtcp2_tstamp time) {
  return static_cast<double>(time) * 1e-9;
}

}  // namespace

Result<void> QuicConnection::start_coded(double bytes_per_s) {
  DCDN_CHECK(make_coded(bytes_per_s));
  coded_->limit(bytes_per_s);
  bulk_is_coded_ = true;
  return {};
}

Result<void> QuicConnection::make_coded(double bytes_per_s) {
  if (coded_) return {};
  if (phase_ != Phase::open || setup_.owner == nullptr) return Error(Errc::temporary, "connection closed");
  CodedCarrier::Options options;
  options.side = side_;
  DCDN_TRY(options.secrets, export_coded_secrets(tls_->handle(), side_));
  options.receive_window = setup_.options.receive_window;
  options.bytes_per_s = bytes_per_s;
  options.round_trip = std::chrono::duration<double>(stats().smoothed_rtt).count();
  options.udp_payload = ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
  CodedCarrier::Hooks hooks;
  hooks.deliver = [this](StreamId id, ByteView bytes, bool fin) { gate_.data(id, bytes, fin); };
  hooks.arrived = [this](StreamId id) { gate_.acknowledged(id); };
  hooks.send = [this](ByteView bytes, std::size_t segment) { return send_coded(bytes, segment); };
  DCDN_TRY(coded_, CodedCarrier::make(options, std::move(hooks)));
  if (!validated_) validated_ = setup_.remote;
  setup_.owner->add_token(coded_->token(), *this);
  return {};
}

Result<StreamId> QuicConnection::open_bulk(bool critical) {
  if (closed()) return Error(Errc::temporary, "connection closed");
  return bulk_is_coded_ ? Result<StreamId>(coded_->open(critical)) : open_unidirectional();
}

// QUIC may be trying a new address of the peer. Until that has answered, coded packets go to the one before.
bool QuicConnection::send_coded(ByteView bytes, std::size_t segment) {
  if (setup_.owner == nullptr) return false;
  const ngtcp2_path* path = ngtcp2_conn_get_path(conn_.get());
  const SocketAddress remote = SocketAddress::from_raw(path->remote.addr, path->remote.addrlen);
  const bool on_path = remote == *validated_;
  const SocketAddress local =
      on_path ? SocketAddress::from_raw(path->local.addr, path->local.addrlen) : setup_.local;
  stats_.packets_sent += (bytes.size() + segment - 1) / segment;
  stats_.bytes_sent += bytes.size();
  queue_datagrams(DatagramBatch{bytes, segment, local, *validated_});
  return unsent_.empty();
}

void QuicConnection::path_validated(const ngtcp2_path& path) {
  validated_ = SocketAddress::from_raw(path.remote.addr, path.remote.addrlen);
  setup_.local = SocketAddress::from_raw(path.local.addr, path.local.addrlen);
}

bool QuicConnection::receive_coded(ByteView datagram) {
  if (!coded_ || phase_ != Phase::open) return false;
  const auto header = coded::parse_packet_header(datagram);
  if (!header || header->token != coded_->token()) return false;
  const auto self = shared_from_this();
  refusals_in_a_row_ = 0;
  stats_.bytes_received += datagram.size();
  in_turn_ = true;
  const auto taken = coded_->receive(datagram, seconds_of(quic_now()));
  if (!taken) close(close_code_of(taken.error().code), taken.error().message);
  return true;
}

// A translator on the way that gave us another address is noticed by QUIC packets only: coded ones may come
// from anywhere, but go where QUIC has validated. In silence they leave more often than to keep the
// connection alive.
void QuicConnection::ask_in_hold() {
  constexpr ngtcp2_duration kAskEvery = 400 * NGTCP2_MILLISECONDS;
  const bool holding = coded_->holding();
  if (std::exchange(asks_in_hold_, holding) == holding) return;
  const auto usual = static_cast<ngtcp2_duration>(setup_.options.keep_alive.count()) * NGTCP2_MILLISECONDS;
  ngtcp2_conn_set_keep_alive_timeout(conn_.get(), holding ? kAskEvery : usual);
}

void QuicConnection::coded_turn() {
  // Below it the loop's own clock is what one waits for; packets that come due meanwhile leave together.
  constexpr coded::Seconds kQuantum = 0.001;
  constexpr std::size_t kUdpAndIpv4 = 28;
  constexpr std::size_t kUdpAndIpv6 = 48;
  if (!coded_ || phase_ != Phase::open || setup_.owner == nullptr) return;
  const coded::Seconds now = seconds_of(quic_now());
  const std::size_t payload =
      std::min(ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get()), max_payload_);
  const std::size_t headers = validated_->family() == AF_INET6 ? kUdpAndIpv6 : kUdpAndIpv4;
  if (unsent_.empty()) coded_->turn(now, payload, headers);
  ask_in_hold();
  const coded::Seconds due = coded_->due();
  if (!std::isfinite(due) || !unsent_.empty()) return;
  const coded::Seconds when = std::max(due, now + kQuantum);
  if (coded_armed_for_ <= when) return;
  coded_armed_for_ = when;
  coded_timer_.expires_at(
      std::chrono::steady_clock::time_point(std::chrono::nanoseconds(std::llround(when * 1e9))));
  coded_timer_.async_wait([self = shared_from_this()](std::error_code cancelled) {
    if (cancelled) return;
    self->coded_armed_for_ = kNever;
    if (self->is_live()) self->flush();
  });
}

}  // namespace dcdn::net
