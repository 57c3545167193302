// From queued streams to datagrams: packets of one size are laid side by side and handed to the kernel in one
// call.
#include <algorithm>
#include <array>
#include <memory>

#include "net/quic_connection.hpp"

namespace dcdn::net {

namespace {

constexpr std::size_t kLowMark = 1 << 20;
constexpr std::size_t kPieces = 16;  // buffers that one packet may draw from
constexpr int kBatchesPerTurn = 8;   // half a MiB, then acknowledgements get their turn
constexpr std::size_t kScratchBytes = 2 * 65536;

// One for all connections of a thread: a batch is sent, or copied aside, before the next one is written.
std::uint8_t* scratch() {
  thread_local const std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[kScratchBytes]);
  return bytes.get();
}

}  // namespace

ngtcp2_ssize QuicConnection::write_packet(std::uint8_t* into, ngtcp2_path* path, ngtcp2_tstamp now) {
  std::array<ByteView, kPieces> views;
  std::array<ngtcp2_vec, kPieces> pieces;
  bool data_left = ngtcp2_conn_get_max_data_left(conn_.get()) > 0;
  for (;;) {
    const StreamId id = queue_.next();
    bool fin = false;
    const std::size_t count = id < 0 ? 0 : queue_.views(id, views, fin);
    if (id < 0 || (count > 0 && !data_left))
      return ngtcp2_conn_writev_stream(conn_.get(), path, nullptr, into, max_payload_, nullptr,
                                       NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nullptr, 0, now);
    for (std::size_t i = 0; i < count; ++i)
      pieces[i] = {const_cast<std::uint8_t*>(views[i].data()), views[i].size()};
    const std::uint32_t flags =
        NGTCP2_WRITE_STREAM_FLAG_MORE | (fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : NGTCP2_WRITE_STREAM_FLAG_NONE);
    ngtcp2_ssize taken = -1;
    const ngtcp2_ssize written = ngtcp2_conn_writev_stream(conn_.get(), path, nullptr, into, max_payload_,
                                                           &taken, flags, id, pieces.data(), count, now);
    if (taken >= 0) {
      std::size_t offered = 0;
      for (std::size_t i = 0; i < count; ++i) offered += pieces[i].len;
      queue_.sent(id, static_cast<std::size_t>(taken), fin && static_cast<std::size_t>(taken) == offered);
    }
    switch (written) {
      case NGTCP2_ERR_WRITE_MORE:
        break;
      case NGTCP2_ERR_STREAM_DATA_BLOCKED:
        data_left = ngtcp2_conn_get_max_data_left(conn_.get()) > 0;
        if (data_left) queue_.block(id);
        break;
      case NGTCP2_ERR_STREAM_NOT_FOUND:
      case NGTCP2_ERR_STREAM_SHUT_WR:
        queue_.drop(id);
        break;
      default:
        return written;
    }
  }
}

std::uint64_t QuicConnection::bytes_in_flight() const {
  ngtcp2_conn_stat state;
  ngtcp2_conn_get_conn_stat(conn_.get(), &state);
  return state.bytes_in_flight;
}

// ngtcp2 counts the next send time from the moment it is told of: told the time at which this batch was due,
// and not the (later) time at which the loop came to send it, the average rate comes out right.
// Acknowledgements are not paced.
void QuicConnection::pace(std::uint64_t in_flight_before, ngtcp2_tstamp now) {
  ngtcp2_conn_stat state;
  ngtcp2_conn_get_conn_stat(conn_.get(), &state);
  if (state.bytes_in_flight <= in_flight_before) {
    ngtcp2_conn_update_pkt_tx_time(conn_.get(), now);
    return;
  }
  const double rate = state.pacing_rate > 0
                          ? state.pacing_rate
                          : static_cast<double>(state.cwnd) / static_cast<double>(state.smoothed_rtt) * 1.25;
  const auto bytes = static_cast<double>(state.bytes_in_flight - in_flight_before);
  if (pacer_.wants_counts(now)) {
    const ConnectionStats totals = stats();
    pacer_.count(now,
                 PathSample{totals.packets_sent, totals.packets_lost, state.smoothed_rtt, state.min_rtt});
  }
  ngtcp2_conn_update_pkt_tx_time(conn_.get(), pacer_.batch_sent(now, bytes, rate));
}

void QuicConnection::queue_datagrams(DatagramBatch batch) {
  if (unsent_.empty()) {
    if (setup_.owner->socket().send(batch) == UdpSocket::Sent::all) return;
    setup_.owner->wait_writable(*this);
  }
  unsent_.push_back(UnsentBatch{Bytes(batch.bytes.begin(), batch.bytes.end()), batch});
  unsent_.back().batch.bytes = unsent_.back().bytes;
}

QuicConnection::Wrote QuicConnection::write_batch() {
  const ngtcp2_tstamp now = quic_now();
  std::uint8_t* const buffer = scratch();
  const std::size_t limit = std::min(ngtcp2_conn_get_send_quantum(conn_.get()), kMaxBatchBytes);
  ngtcp2_path_storage first_path;
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&first_path);
  ngtcp2_path_storage_zero(&path);
  const std::uint64_t in_flight = bytes_in_flight();
  std::size_t used = 0;
  std::size_t segment = 0;
  std::size_t odd = 0;  // a last packet that does not fit the batch: longer, or for another path
  bool drained = false;
  for (std::size_t count = 0; count < kMaxBatchSegments && (used == 0 || used + segment <= limit); ++count) {
    const ngtcp2_ssize written = write_packet(buffer + used, used == 0 ? &first_path.path : &path.path, now);
    if (written < 0) {
      settle(static_cast<int>(written));
      return Wrote::stopped;
    }
    drained = written == 0;
    if (drained) break;
    const auto size = static_cast<std::size_t>(written);
    if (used == 0) {
      segment = size;
    } else if (size > segment || !ngtcp2_path_eq(&first_path.path, &path.path)) {
      odd = size;
      break;
    }
    used += size;
    if (size < segment) break;
  }
  if (used + odd > 0) pace(in_flight, now);
  const bool asks = bytes_in_flight() > in_flight;  // for an acknowledgement
  if (used > 0) hand_over(ByteView(buffer, used), segment, first_path.path, asks);
  if (odd > 0) hand_over(ByteView(buffer + used, odd), odd, path.path, asks);
  if (!unsent_.empty()) return Wrote::stopped;
  return drained ? Wrote::nothing_left : Wrote::more;
}

void QuicConnection::tell_writable() {
  const std::size_t now = queued_bytes();
  const std::size_t before = std::exchange(queued_high_, now);
  const bool fell = before >= kLowMark && now < kLowMark;
  const bool ran_empty = before > 0 && now == 0;
  if (std::exchange(streams_granted_, false) || fell || ran_empty) gate_.writable();
}

void QuicConnection::flush() {
  in_turn_ = false;
  if (!is_live() || setup_.owner == nullptr) return;
  const auto self = shared_from_this();
  if (close_wanted_) {
    const WantedClose wanted = *close_wanted_;
    ngtcp2_connection_close_error close;
    ngtcp2_connection_close_error_default(&close);
    ngtcp2_connection_close_error_set_application_error(
        &close, wanted.code, reinterpret_cast<const std::uint8_t*>(wanted.reason.data()),
        wanted.reason.size());
    close_with(close, CloseInfo{true, false, wanted.code, wanted.reason,
                                Error(Errc::temporary, "connection closed")});
    return;
  }
  apply_resets();
  Wrote wrote = unsent_.empty() ? Wrote::more : Wrote::stopped;
  for (int batch = 0; batch < kBatchesPerTurn && wrote == Wrote::more && is_live(); ++batch)
    wrote = write_batch();
  settle(0);  // the client's handshake can complete while it writes
  if (!is_live()) return;
  if (setup_.owner->socket().take_refused()) {
    peer_refused();
    if (!is_live()) return;
  }
  repeat_turn();
  coded_turn();
  tell_writable();
  if (wrote == Wrote::more) schedule_flush();
  arm_timer();
}

}  // namespace dcdn::net
