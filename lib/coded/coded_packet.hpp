// coded_packet.hpp - the two datagrams of the coded carrier as they are before encryption (dcdn-session(5),
// CODED CARRIER).
//
// Source   the first byte below 0x40 keeps them apart from QUIC on one UDP port (RFC 9443); block, symbol and
// ESI are
//          those of RFC 5052.
// Threads  pure.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::coded {

enum class PacketType : std::uint8_t { data = 0x05, feedback = 0x06 };

/// In clear, and authenticated with the rest.
struct PacketHeader {
  PacketType type = PacketType::data;
  std::uint32_t token = 0;   ///< the receiver's name for the connection
  std::uint32_t number = 0;  ///< lowest 32 bits of the packet number
};
inline constexpr std::size_t kPacketHeaderBytes = 9;
inline constexpr std::size_t kTagBytes = 16;

inline constexpr unsigned kMaxSourceSymbols = 64;
inline constexpr unsigned kMaxSymbols = 255;  ///< of a block, repair symbols included
inline constexpr std::size_t kMinSymbolBytes = 16;
inline constexpr std::size_t kMaxSymbolBytes = 2048;
inline constexpr std::size_t kMaxFeedbackBlocks = 1024;
/// Blocks that may be sent before the first feedback grants more.
inline constexpr std::uint32_t kFirstGrant = 4;

/// One symbol of one block.
struct DataHeader {
  std::uint32_t sent = 0;  ///< sender's stamp
  std::uint32_t block = 0;
  std::uint8_t esi = 0;
  std::uint8_t source_symbols = 1;  ///< k of the block, 1..64
  std::uint8_t interval = 2;        ///< how often feedback is wanted, in 5 ms
};
inline constexpr std::size_t kDataHeaderBytes = 11;
/// What a data packet costs beside its symbol, of the UDP payload.
inline constexpr std::size_t kDataOverhead = kPacketHeaderBytes + kDataHeaderBytes + kTagBytes;

struct DataPacket {
  DataHeader header;
  ByteView symbol;
};

/// What a receiver tells. Everything is a total or covers a window of time, so losing one is harmless.
struct Feedback {
  std::uint32_t highest = 0;       ///< highest packet number, lowest 32 bits
  std::uint32_t highest_sent = 0;  ///< its stamp
  std::uint32_t highest_came = 0;  ///< when it came, receiver's stamp
  std::uint32_t held = 0;          ///< microseconds since then
  std::uint32_t received = 0;      ///< packets so far
  std::uint32_t delay =
      0;  ///< shortest recent one-way delay, between unrelated clocks: only changes mean something
  std::uint32_t jitter = 0;  ///< microseconds
  std::uint32_t settled =
      0;  ///< of packets up to `highest`: whatever was sent before is here or lost (sender's clock)
  std::uint32_t settled_beyond = 0;  ///< the same for packets beyond `highest`
  std::uint32_t train = 0;  ///< packets a second within the first 16, which leave back to back; 0: not known
  std::uint32_t loss_runs = 0;     ///< how often packets went missing, in a row or alone
  std::uint32_t base = 0;          ///< blocks before it are complete
  std::uint32_t limit = 0;         ///< blocks from it on may not be sent yet
  std::vector<std::uint8_t> need;  ///< symbols that blocks base, base + 1, ... lack
  bool operator==(const Feedback&) const = default;
};

void append(Bytes& out, const PacketHeader& header);
void append(Bytes& out, const DataHeader& header);
void append(Bytes& out, const Feedback& feedback);

/// error corrupt: too short, or not of the coded carrier.
Result<PacketHeader> parse_packet_header(ByteView datagram);
/// Decrypted bodies. error corrupt: a field outside its range.
Result<DataPacket> parse_data(ByteView body);
Result<Feedback> parse_feedback(ByteView body);

}  // namespace dcdn::coded
