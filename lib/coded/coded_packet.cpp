#include "coded/coded_packet.hpp"

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace dcdn::coded {

namespace {

// The order on the wire.
template <class F, class Visit>
void each_total(F& feedback, const Visit& visit) {
  visit(feedback.highest);
  visit(feedback.highest_sent);
  visit(feedback.highest_came);
  visit(feedback.held);
  visit(feedback.received);
  visit(feedback.delay);
  visit(feedback.jitter);
  visit(feedback.settled);
  visit(feedback.settled_beyond);
  visit(feedback.train);
  visit(feedback.loss_runs);
  visit(feedback.base);
  visit(feedback.limit);
}

}  // namespace

void append(Bytes& out, const PacketHeader& header) {
  ByteWriter writer(out);
  writer.fixed(static_cast<std::uint8_t>(header.type));
  writer.fixed(header.token);
  writer.fixed(header.number);
}

void append(Bytes& out, const DataHeader& header) {
  ByteWriter writer(out);
  writer.fixed(header.sent);
  writer.fixed(header.block);
  writer.fixed(header.esi);
  writer.fixed(header.source_symbols);
  writer.fixed(header.interval);
}

void append(Bytes& out, const Feedback& feedback) {
  ByteWriter writer(out);
  each_total(feedback, [&](std::uint32_t value) { writer.fixed(value); });
  writer.fixed(static_cast<std::uint16_t>(feedback.need.size()));
  writer.raw(feedback.need);
}

Result<PacketHeader> parse_packet_header(ByteView datagram) {
  ByteReader reader(datagram);
  const auto type = reader.fixed<std::uint8_t>();
  PacketHeader header;
  header.token = reader.fixed<std::uint32_t>();
  header.number = reader.fixed<std::uint32_t>();
  const bool known = type == static_cast<std::uint8_t>(PacketType::data) ||
                     type == static_cast<std::uint8_t>(PacketType::feedback);
  if (!reader.ok() || !known || reader.left() < kTagBytes)
    return Error(Errc::corrupt, "not a packet of the coded carrier");
  header.type = static_cast<PacketType>(type);
  return header;
}

Result<DataPacket> parse_data(ByteView body) {
  ByteReader reader(body);
  DataPacket packet;
  packet.header.sent = reader.fixed<std::uint32_t>();
  packet.header.block = reader.fixed<std::uint32_t>();
  packet.header.esi = reader.fixed<std::uint8_t>();
  packet.header.source_symbols = reader.fixed<std::uint8_t>();
  packet.header.interval = reader.fixed<std::uint8_t>();
  packet.symbol = reader.raw(reader.left());
  const DataHeader& header = packet.header;
  if (!reader.ok() || header.source_symbols == 0 || header.source_symbols > kMaxSourceSymbols ||
      header.esi >= kMaxSymbols || header.interval == 0 || packet.symbol.size() < kMinSymbolBytes ||
      packet.symbol.size() > kMaxSymbolBytes)
    return Error(Errc::corrupt, "a coded data packet is out of range");
  return packet;
}

Result<Feedback> parse_feedback(ByteView body) {
  ByteReader reader(body);
  Feedback feedback;
  each_total(feedback, [&](std::uint32_t& value) { value = reader.fixed<std::uint32_t>(); });
  const auto blocks = reader.fixed<std::uint16_t>();
  if (!reader.ok() || blocks > kMaxFeedbackBlocks || reader.left() != blocks ||
      feedback.limit < feedback.base || feedback.limit - feedback.base > kMaxFeedbackBlocks)
    return Error(Errc::corrupt, "a coded feedback packet is out of range");
  const ByteView need = reader.raw(blocks);
  feedback.need.assign(need.begin(), need.end());
  for (const std::uint8_t missing : feedback.need)
    if (missing > kMaxSourceSymbols)
      return Error(Errc::corrupt, "a block of a feedback packet lacks too much");
  return feedback;
}

}  // namespace dcdn::coded
