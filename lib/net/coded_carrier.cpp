#include "net/coded_carrier.hpp"

#include <algorithm>
#include <cmath>

#include "net/datagram.hpp"

namespace dcdn::net {

namespace {

constexpr std::size_t kMaxBody = coded::kDataHeaderBytes + coded::kMaxSymbolBytes;
constexpr int kBatchesPerTurn = 8;

// Before a path has been seen it is taken for a bad one: what is worth a copy there is sent twice.
constexpr double kUnknownLoss = 0.1;
constexpr double kUnknownWeight = 20;  // packets

constexpr double kContentShare = 0.95;  // of an IP packet of usual size, without headers

double packets_per_s(double bytes_per_s, std::size_t packet_bytes) {
  return bytes_per_s > 0 ? std::max(bytes_per_s / static_cast<double>(packet_bytes), 1.0) : 0;
}

}  // namespace

Result<std::unique_ptr<CodedCarrier>> CodedCarrier::make(const Options& options, Hooks hooks) {
  DCDN_TRY(PacketSeal sealing, PacketSeal::make(options.secrets.sending));
  DCDN_TRY(PacketSeal opening, PacketSeal::make(options.secrets.receiving));
  return std::unique_ptr<CodedCarrier>(
      new CodedCarrier(options, std::move(hooks), std::move(sealing), std::move(opening)));
}

CodedCarrier::CodedCarrier(const Options& options, Hooks hooks, PacketSeal sealing, PacketSeal opening)
    : hooks_(std::move(hooks)),
      side_(options.side),
      sealing_(std::move(sealing)),
      opening_(std::move(opening)),
      sender_(coder_,
              {options.round_trip, static_cast<double>(options.udp_payload) * 8,
               packets_per_s(options.bytes_per_s, options.udp_payload)},
              options.receive_window),
      receiver_(coder_, options.receive_window),
      most_packets_(options.most_packets),
      bytes_per_s_(options.bytes_per_s),
      packet_bytes_(options.udp_payload) {}

void CodedCarrier::limit(double bytes_per_s) {
  bytes_per_s_ = bytes_per_s;
  sender_.control().set_most(packets_per_s(bytes_per_s, packet_bytes_));
}

StreamId CodedCarrier::id_of(coded::StreamNumber number) const {
  const StreamId server = side_ == Side::server ? 1 : 0;
  return kCodedStreams | static_cast<StreamId>(number << 2) | 2 | server;
}

StreamId CodedCarrier::open(bool critical) {
  const coded::StreamNumber number = next_stream_++;
  if (critical) critical_.insert(number);
  return id_of(number);
}

void CodedCarrier::push(StreamId id, Buffer bytes, bool fin) {
  const auto number = static_cast<coded::StreamNumber>(id & ~kCodedStreams) >> 2;
  const bool critical = critical_.contains(number);
  if (fin) critical_.erase(number);
  sender_.push(number, std::move(bytes), fin, critical);
}

void CodedCarrier::drop(StreamId id) {
  const auto number = static_cast<coded::StreamNumber>(id & ~kCodedStreams) >> 2;
  sender_.drop(number);
  critical_.erase(number);
}

Result<bool> CodedCarrier::receive(ByteView datagram, coded::Seconds now) {
  std::array<std::uint8_t, kMaxBody> plain;
  const auto header = coded::parse_packet_header(datagram);
  if (!header || header->token != opening_.token()) return false;
  const bool is_data = header->type == coded::PacketType::data;
  coded::ReplayWindow& seen = is_data ? data_seen_ : feedback_seen_;
  const std::uint64_t number = seen.expand(header->number);
  const std::size_t body_bytes = datagram.size() - coded::kPacketHeaderBytes - coded::kTagBytes;
  if (!seen.is_fresh(number) || body_bytes == 0 || body_bytes > plain.size()) return false;
  const ByteView body = opening_.open(header->type, number, datagram, plain);
  if (body.empty()) return false;
  seen.accept(number);
  if (is_data) return take_data(number, body, now);
  return take_feedback(number, body, now);
}

Result<bool> CodedCarrier::take_feedback(std::uint64_t number, ByteView body, coded::Seconds now) {
  DCDN_TRY(const auto feedback, coded::parse_feedback(body));
  DCDN_CHECK(sender_.take(feedback, number, now));
  for (const coded::StreamNumber stream : sender_.take_arrived()) hooks_.arrived(id_of(stream));
  return true;
}

Result<bool> CodedCarrier::take_data(std::uint64_t number, ByteView body, coded::Seconds now) {
  DCDN_TRY(const auto packet, coded::parse_data(body));
  const StreamId client = side_ == Side::server ? 0 : 1;  // whoever is not us
  const auto deliver = [&](coded::StreamNumber stream, ByteView bytes, bool fin) {
    hooks_.deliver(kCodedStreams | static_cast<StreamId>(stream << 2) | 2 | client, bytes, fin);
  };
  DCDN_CHECK(receiver_.take(number, packet, now, deliver));
  return true;
}

void CodedCarrier::tell(coded::Seconds now) {
  Bytes body;
  append(body, receiver_.feedback(now));
  Bytes packet(coded::kPacketHeaderBytes + body.size() + coded::kTagBytes);
  const std::size_t size = sealing_.seal(coded::PacketType::feedback, feedback_sent_++, body, packet);
  if (size > 0)
    (void)hooks_.send(ByteView(packet).first(size), size);  // not sent is lost: the next one tells
}

std::size_t CodedCarrier::seal_data(const coded::CodedSender::Packet& packet, MutableByteView into) {
  thread_local Bytes body;
  body.clear();
  append(body, packet.header);
  body.insert(body.end(), packet.symbol.begin(), packet.symbol.end());
  return sealing_.seal(coded::PacketType::data, packet.number, body, into);
}

// False: nothing more to send now.
bool CodedCarrier::send_batch(coded::Seconds now, std::size_t symbol_bytes) {
  thread_local const std::unique_ptr<std::uint8_t[]> scratch(new std::uint8_t[kMaxBatchBytes + kMaxBody]);
  std::size_t used = 0;
  std::size_t segment = 0;
  std::size_t count = 0;
  while (count < kMaxBatchSegments) {
    if (used + symbol_bytes + coded::kDataOverhead > kMaxBatchBytes) break;
    const auto packet = sender_.next(now, symbol_bytes);
    if (!packet) {
      if (used > 0) (void)hooks_.send(ByteView(scratch.get(), used), segment);
      return false;
    }
    // Blocks cut before the path's size was known have other symbols: they end the batch.
    const std::size_t wanted = packet->symbol.size() + coded::kDataOverhead;
    if (used > 0 && wanted > segment) {
      const bool room = hooks_.send(ByteView(scratch.get(), used), segment);
      used = count = 0;
      if (!room) return false;
    }
    const std::size_t size =
        seal_data(*packet, MutableByteView(scratch.get() + used, kMaxBatchBytes + kMaxBody - used));
    if (size == 0) return false;
    if (used == 0) segment = size;
    used += size;
    ++count;
    if (size < segment) break;
  }
  return hooks_.send(ByteView(scratch.get(), used), segment);
}

void CodedCarrier::turn(coded::Seconds now, std::size_t udp_payload, std::size_t ip_overhead) {
  if (receiver_.due() <= now) tell(now);
  const std::size_t symbol = std::clamp(udp_payload, coded::kDataOverhead + coded::kMinSymbolBytes,
                                        coded::kDataOverhead + coded::kMaxSymbolBytes) -
                             coded::kDataOverhead;
  const std::size_t packet = symbol + coded::kDataOverhead + ip_overhead;
  if (std::exchange(packet_bytes_, packet) != packet) {
    sender_.control().set_packet_bits(static_cast<double>(packet) * 8);
    sender_.control().set_most(packets_per_s(bytes_per_s_, packet));
  }
  for (int batch = 0; batch < kBatchesPerTurn && sender_.due() <= now; ++batch)
    if (!send_batch(now, symbol)) break;
}

bool CodedCarrier::is_worn_out() const {
  return sender_.packets_sent() + feedback_sent_ >= most_packets_ ||
         data_seen_.next() + feedback_seen_.next() >= most_packets_;
}

double CodedCarrier::loss() const {
  if (sender_.packets_sent() > 0) return sender_.control().loss();
  const auto received = static_cast<double>(receiver_.packets_received());
  const auto missing = static_cast<double>(receiver_.packets_missing());
  return (missing + kUnknownLoss * kUnknownWeight) / (missing + received + kUnknownWeight);
}

// What a path is worth while content goes over it in coded packets: QUIC sees too little of it to tell.
void CodedCarrier::count_rate(ConnectionStats& stats) const {
  const coded::RateControl& control = sender_.control();
  const coded::PathSignals& signals = control.signals();
  const double wire_rate = control.bandwidth() * static_cast<double>(packet_bytes_);
  // As far ahead as is worth queueing: a fifth of what is under way, or 10 ms of it.
  stats.congestion_window =
      static_cast<std::uint64_t>(wire_rate * std::max(signals.base_round_trip() / 5, 0.010));
  stats.content_rate = wire_rate * (1 - control.loss()) * kContentShare;
  if (signals.totals().received > 0)
    stats.smoothed_rtt = std::chrono::microseconds(std::llround(signals.smoothed_round_trip() * 1e6));
  stats.bytes_in_flight += sender_.bytes_held();
  if (!sender_.all_done()) stats.timeouts = control.holding() ? std::max(stats.timeouts, 1u) : 0;
}

void CodedCarrier::count(ConnectionStats& stats) const {
  const coded::Totals& totals = sender_.control().signals().totals();
  if (sender_.packets_sent() > 0) {
    const double lost = totals.received > 0 ? totals.number + 1 - totals.received : 0;
    stats.packets_lost += static_cast<std::uint64_t>(std::max(lost, 0.0));
    count_rate(stats);
  }
  stats.repair_packets_sent += sender_.repair_sent();
  stats.repair_bytes_sent += sender_.repair_bytes_sent();
  stats.coded_bytes_arrived += static_cast<std::uint64_t>(totals.received) * packet_bytes_;
  stats.coded_bytes_delivered += sender_.bytes_delivered();
  stats.wasted_bytes_sent += sender_.wasted() * packet_bytes_;
  stats.repaired_symbols += receiver_.repaired();
  stats.wasted_packets += receiver_.wasted();
}

}  // namespace dcdn::net
