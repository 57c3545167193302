#include "net/packet_writer.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "net/quic_clock.hpp"
#include "net/quic_settings.hpp"

namespace dcdn::net {

namespace {

constexpr std::size_t kPieces = 16;  // buffers that one packet may draw from
constexpr int kBatchesPerTurn = 8;   // half a MiB, then acknowledgements get their turn
constexpr std::size_t kScratchBytes = 2 * 65536;
constexpr std::uint8_t kLongHeader = 0x80;
constexpr std::size_t kFewPackets = 6;  // more are data, and later ones tell what got lost
constexpr double kWorthIt = 0.02;       // loss from which on control messages are repeated
constexpr ngtcp2_duration kShortPath = 3 * NGTCP2_MILLISECONDS;  // answers before a copy would be due

// One for all connections of a thread: a batch is sent, or copied aside, before the next one is written.
std::uint8_t* scratch() {
  thread_local const std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[kScratchBytes]);
  return bytes.get();
}

DatagramBatch batch_of(ByteView bytes, std::size_t segment, const ngtcp2_path& path) {
  return {bytes, segment, SocketAddress::from_raw(path.local.addr, path.local.addrlen),
          SocketAddress::from_raw(path.remote.addr, path.remote.addrlen)};
}

}  // namespace

PacketWriter::PacketWriter(const QuicSetup& setup, QuicEngine& engine, StreamBook& streams, Outbox& outbox,
                           const CodedSide& coded)
    : engine_(engine),
      streams_(streams),
      outbox_(outbox),
      coded_(coded),
      pacer_(setup.options.congestion == Congestion::bbr),
      size_(max_payload_for(setup.options, setup.remote.family()), setup.options.max_udp_payload != 0) {}

ngtcp2_ssize PacketWriter::write_packet(std::uint8_t* into, ngtcp2_path* path, ngtcp2_tstamp now) {
  std::array<ByteView, kPieces> views;
  std::array<ngtcp2_vec, kPieces> pieces;
  ngtcp2_conn* const conn = engine_.conn();
  SendQueue& queue = streams_.queue();
  const std::size_t most = size_.payload();
  bool data_left = ngtcp2_conn_get_max_data_left(conn) > 0;
  for (;;) {
    const StreamId id = queue.next();
    bool fin = false;
    const std::size_t count = id < 0 ? 0 : queue.views(id, views, fin);
    if (id < 0 || (count > 0 && !data_left))
      return ngtcp2_conn_writev_stream(conn, path, nullptr, into, most, nullptr,
                                       NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nullptr, 0, now);
    for (std::size_t i = 0; i < count; ++i)
      pieces[i] = {const_cast<std::uint8_t*>(views[i].data()), views[i].size()};
    const std::uint32_t flags =
        NGTCP2_WRITE_STREAM_FLAG_MORE | (fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : NGTCP2_WRITE_STREAM_FLAG_NONE);
    ngtcp2_ssize taken = -1;
    const ngtcp2_ssize written = ngtcp2_conn_writev_stream(conn, path, nullptr, into, most, &taken, flags, id,
                                                           pieces.data(), count, now);
    if (taken >= 0) {
      std::size_t offered = 0;
      for (std::size_t i = 0; i < count; ++i) offered += pieces[i].len;
      queue.sent(id, static_cast<std::size_t>(taken), fin && static_cast<std::size_t>(taken) == offered);
    }
    switch (written) {
      case NGTCP2_ERR_WRITE_MORE:
        break;
      case NGTCP2_ERR_STREAM_DATA_BLOCKED:
        data_left = ngtcp2_conn_get_max_data_left(conn) > 0;
        if (data_left) queue.block(id);
        break;
      case NGTCP2_ERR_STREAM_NOT_FOUND:
      case NGTCP2_ERR_STREAM_SHUT_WR:
        queue.drop(id);
        break;
      default:
        return written;
    }
  }
}

// ngtcp2 counts the next send time from the moment it is told of: told the time at which this batch was due,
// and not the (later) time at which the loop came to send it, the average rate comes out right.
// Acknowledgements are not paced.
void PacketWriter::pace(std::uint64_t in_flight_before, ngtcp2_tstamp now) {
  const ngtcp2_conn_info state = engine_.state();
  if (kMakesUpForLateness || state.bytes_in_flight <= in_flight_before) {
    ngtcp2_conn_update_pkt_tx_time(engine_.conn(), now);
    return;
  }
  const double told = pacing_rate(state);
  const double rate =
      told > 0 ? told : static_cast<double>(state.cwnd) / static_cast<double>(state.smoothed_rtt) * 1.25;
  const auto bytes = static_cast<double>(state.bytes_in_flight - in_flight_before);
  if (pacer_.wants_counts(now)) {
    ConnectionStats totals;
    outbox_.count(totals);
    streams_.count(totals);
    coded_.count(totals);
    pacer_.count(now,
                 PathSample{totals.packets_sent, totals.packets_lost, state.smoothed_rtt, state.min_rtt});
  }
  ngtcp2_conn_update_pkt_tx_time(engine_.conn(), pacer_.batch_sent(now, bytes, rate));
}

Outbox::Copies PacketWriter::copies_of(ByteView bytes, std::size_t segment, bool asks) const {
  if (!asks || bytes.size() > kFewPackets * segment) return {};
  // Nothing is known of the path yet: 7 in 0.8 s, so that at 33 % loss one of 2000 is lost.
  if ((bytes[0] & kLongHeader) != 0) return {2, 5, 25 * NGTCP2_MILLISECONDS};
  const ngtcp2_conn_info state = engine_.state();
  if (coded_.loss() < kWorthIt || state.min_rtt < kShortPath) return {};
  const ngtcp2_duration gap = std::clamp<ngtcp2_duration>(state.smoothed_rtt / 16, 20 * NGTCP2_MILLISECONDS,
                                                          60 * NGTCP2_MILLISECONDS);
  return {2, 3, gap};
}

void PacketWriter::hand_over(ByteView bytes, std::size_t segment, const ngtcp2_path& path, bool asks) {
  outbox_.put(batch_of(bytes, segment, path), copies_of(bytes, segment, asks), quic_now());
}

void PacketWriter::look(ngtcp2_tstamp now) {
  constexpr ngtcp2_duration kEvery = 100 * NGTCP2_MILLISECONDS;
  const unsigned timeouts = engine_.timeouts(now);
  if (timeouts == 0 && now < look_at_) return;
  look_at_ = now + kEvery;
  ConnectionStats totals;
  streams_.count(totals);
  size_.look({totals.packets_lost, totals.stream_bytes_acknowledged, timeouts});
}

// What waits to be acknowledged or sent again goes into packets first, and with it in one the probe does not
// fit.
void PacketWriter::write_probe(int& failure) {
  constexpr int kTries = 3;
  constexpr std::size_t kFrame = 1 + 4 + 3 + 16;  // first byte, packet number, frame header, tag
  static const std::array<std::uint8_t, 1 << 16> kNothing{};
  for (int attempt = 0; attempt < kTries && failure == 0; ++attempt) {
    const ngtcp2_tstamp now = quic_now();
    const auto wanted = size_.wanted(now);
    if (!wanted || outbox_.is_full()) return;
    const std::size_t around = kFrame + ngtcp2_conn_get_dcid(engine_.conn())->datalen;
    const ngtcp2_vec content{const_cast<std::uint8_t*>(kNothing.data()), *wanted - around};
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    const std::uint64_t in_flight = engine_.bytes_in_flight();
    int accepted = 0;
    const ngtcp2_ssize written =
        ngtcp2_conn_writev_datagram(engine_.conn(), &path.path, nullptr, scratch(), *wanted, &accepted,
                                    NGTCP2_WRITE_DATAGRAM_FLAG_NONE, size_.next(), &content, 1, now);
    if (written == NGTCP2_ERR_INVALID_STATE || written == NGTCP2_ERR_INVALID_ARGUMENT) {
      size_.cannot_probe();
      return;
    }
    if (written < 0) failure = static_cast<int>(written);
    if (written <= 0) return;  // no room in the window: another turn
    const auto bytes = static_cast<std::size_t>(written);
    if (accepted != 0) size_.sent(bytes);
    pace(in_flight, now);
    // It may be the end of the handshake instead, or with it: that is as much worth as ever.
    const bool is_probe = accepted != 0 && (scratch()[0] & kLongHeader) == 0;
    if (is_probe) {
      outbox_.put(batch_of(ByteView(scratch(), bytes), bytes, path.path));
    } else {
      hand_over(ByteView(scratch(), bytes), bytes, path.path, engine_.bytes_in_flight() > in_flight);
    }
  }
}

PacketWriter::Wrote PacketWriter::write(int& failure) {
  failure = 0;
  look(quic_now());
  write_probe(failure);
  if (failure != 0) return Wrote::stopped;
  Wrote wrote = outbox_.is_full() ? Wrote::stopped : Wrote::more;
  for (int batch = 0; batch < kBatchesPerTurn && wrote == Wrote::more; ++batch) wrote = write_batch(failure);
  return wrote;
}

PacketWriter::Wrote PacketWriter::write_batch(int& failure) {
  const ngtcp2_tstamp now = quic_now();
  std::uint8_t* const buffer = scratch();
  const std::size_t limit = std::min(ngtcp2_conn_get_send_quantum(engine_.conn()), kMaxBatchBytes);
  ngtcp2_path_storage first_path;
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&first_path);
  ngtcp2_path_storage_zero(&path);
  const std::uint64_t in_flight = engine_.bytes_in_flight();
  std::size_t used = 0;
  std::size_t segment = 0;
  std::size_t odd = 0;  // a last packet that does not fit the batch: longer, or for another path
  bool drained = false;
  for (std::size_t count = 0; count < kMaxBatchSegments && (used == 0 || used + segment <= limit); ++count) {
    const ngtcp2_ssize written = write_packet(buffer + used, used == 0 ? &first_path.path : &path.path, now);
    if (written < 0) {
      failure = static_cast<int>(written);
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
  const bool asks = engine_.bytes_in_flight() > in_flight;  // for an acknowledgement
  if (used > 0) hand_over(ByteView(buffer, used), segment, first_path.path, asks);
  if (odd > 0) hand_over(ByteView(buffer + used, odd), odd, path.path, asks);
  if (outbox_.is_full()) return Wrote::stopped;
  return drained ? Wrote::nothing_left : Wrote::more;
}

}  // namespace dcdn::net
