// Small datagrams leave more than once: when, and how often (datagram_repeats.hpp tells why).
#include <algorithm>

#include "net/quic_connection.hpp"

namespace dcdn::net {

namespace {

constexpr std::uint8_t kLongHeader = 0x80;
constexpr std::size_t kFewPackets = 6;  // more are data, and later ones tell what got lost
constexpr double kWorthIt = 0.02;       // loss from which on control messages are repeated
constexpr ngtcp2_duration kShortPath = 3 * NGTCP2_MILLISECONDS;  // answers before a copy would be due

}  // namespace

// A server sends no more than three times what it heard before the address has proved itself (RFC 9000
// section 8.1).
std::uint64_t QuicConnection::allowance() const {
  constexpr std::uint64_t kAmplification = 3;
  if (side_ == Side::client || phase_ != Phase::handshaking) return UINT64_MAX;
  const std::uint64_t allowed = kAmplification * stats_.bytes_received;
  return allowed > stats_.bytes_sent ? allowed - stats_.bytes_sent : 0;
}

QuicConnection::Copies QuicConnection::copies_of(ByteView bytes, std::size_t segment, bool asks) const {
  if (!asks || bytes.size() > kFewPackets * segment) return {};
  // Nothing is known of the path yet: 7 in 0.8 s, so that at 33 % loss one of 2000 is lost.
  if ((bytes[0] & kLongHeader) != 0) return {2, 5, 25 * NGTCP2_MILLISECONDS};
  ngtcp2_conn_stat state;
  ngtcp2_conn_get_conn_stat(conn_.get(), &state);
  if (!coded_ || coded_->loss() < kWorthIt || state.min_rtt < kShortPath) return {};
  const ngtcp2_duration gap = std::clamp<ngtcp2_duration>(state.smoothed_rtt / 16, 20 * NGTCP2_MILLISECONDS,
                                                          60 * NGTCP2_MILLISECONDS);
  return {2, 3, gap};
}

void QuicConnection::hand_over(ByteView bytes, std::size_t segment, const ngtcp2_path& path, bool asks) {
  DatagramBatch batch;
  batch.bytes = bytes;
  batch.segment = segment;
  batch.local = SocketAddress::from_raw(path.local.addr, path.local.addrlen);
  batch.remote = SocketAddress::from_raw(path.remote.addr, path.remote.addrlen);
  const Copies copies = copies_of(bytes, segment, asks);
  count_and_queue(batch);
  for (int more = 1; more < copies.at_once && bytes.size() <= allowance(); ++more) {
    stats_.bytes_repeated += bytes.size();
    count_and_queue(batch);
  }
  repeats_.add(batch, copies.later, copies.gap, quic_now());
}

void QuicConnection::count_and_queue(const DatagramBatch& batch) {
  stats_.packets_sent += (batch.bytes.size() + batch.segment - 1) / batch.segment;
  stats_.bytes_sent += batch.bytes.size();
  queue_datagrams(batch);
}

void QuicConnection::repeat_turn() {
  if (setup_.owner == nullptr) return;
  if (is_live() && bytes_in_flight() == 0) repeats_.forget();
  const ngtcp2_tstamp now = quic_now();
  while (unsent_.empty()) {
    const auto copy = repeats_.next(now, allowance());
    if (!copy) break;
    stats_.bytes_repeated += copy->bytes.size();
    count_and_queue(*copy);
  }
  // Copies that may not leave yet wait for what comes in, which ends in a turn as well.
  const ngtcp2_tstamp due = repeats_.due();
  if (due <= now || due == DatagramRepeats::kNever || repeat_armed_for_ <= due) return;
  repeat_armed_for_ = due;
  repeat_timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due)));
  repeat_timer_.async_wait([self = shared_from_this()](std::error_code cancelled) {
    if (cancelled) return;
    self->repeat_armed_for_ = UINT64_MAX;
    if (self->is_live()) self->flush();
    if (self->phase_ == Phase::closing) self->repeat_turn();
  });
}

}  // namespace dcdn::net
