// frame.hpp - the unit of the format: 24 bytes of header, then a body (dcdn-format(5), FRAME).
#pragma once
#include "base/buffer.hpp"
#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::wire {

inline constexpr std::array<std::uint8_t, 4> kMagic{0x89, 'D', 'C', 'F'};
inline constexpr std::size_t kHeaderBytes = 24;
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kMaxChunkContent = 4u << 20;         ///< content of one chunk, bytes
inline constexpr std::size_t kMinChunkContent = 4u << 10;         ///< smallest --chunk-size
inline constexpr std::size_t kMaxBody = kMaxChunkContent + 4096;  ///< body of any frame, bytes
inline constexpr std::size_t kMaxSegmentBody =
    (1u << 20) + 4096;                                   ///< body of a segment frame, of a stat frame
inline constexpr std::size_t kMaxSmallBody = 64u << 10;  ///< body of every other type, known or not

/// Numbers are the format's and are never reused. Those marked reserved are named in dcdn-format(5) and
/// skipped by this version.
enum class FrameType : std::uint8_t {
  chunk = 0x01,            ///< carried digest (32), carried bytes
  segment = 0x02,          ///< one signed-as-a-whole part of a manifest
  signature = 0x03,        ///< Ed25519 over a segment's id and place
  repair_block = 0x10,     ///< reserved: every repair shard describes its block itself
  repair_shard = 0x11,     ///< repair symbol at rest, and the description of its block
  delta = 0x12,            ///< reserved: librsync or zstd-reference delta
  key_rotation = 0x18,     ///< a key names its successor (sign/key_statement.hpp)
  key_revocation = 0x19,   ///< a key is withdrawn
  encrypted_chunk = 0x1A,  ///< reserved: an encrypted object is an object (pipeline/sealed_content.hpp)
  receipt = 0x20,          ///< signed: this object arrived whole
  have_map = 0x21,         ///< reserved: signed bitmap of verified chunks
  bundle = 0x28,           ///< reserved: custody header (destination, age, lifetime, hops)
  custody_ack = 0x29,      ///< reserved
  stat = 0x2C,             ///< what the files of a segment looked like: in an index, and never sent
  hello = 0x40,            ///< session: sender's first words
  welcome = 0x41,          ///< session: receiver's first words
  offer = 0x42,            ///< session: an object is coming
  answer = 0x43,           ///< session: accept or refuse, resume point
  want = 0x44,             ///< session: which chunks of a segment are needed
  stored = 0x45,           ///< session: everything up to a segment is verified and stored
  pause = 0x46,            ///< session: stop sending data
  resume = 0x47,           ///< session: go on
  cancel = 0x48,           ///< session: forget this object
  failure = 0x49,          ///< session: an error, by code and text
  join = 0x4A,             ///< session: this connection is a further path of a session that runs
  joined = 0x4B,           ///< session: it may carry chunks
  carrier = 0x50,          ///< session: the coded carrier is offered, or accepted
  again = 0x51,            ///< session: what came before the answer is void, the object begins anew
  differences = 0x58,      ///< session: the sender can send differences of an object
  basis = 0x59,            ///< session: a piece of the signature of an older file
  compare = 0x5A,          ///< session: which older file the chunks of a segment are like
  difference = 0x5B,       ///< session: a chunk as a difference to an older file
};

struct FrameHeader {
  FrameType type{};
  std::uint32_t body_bytes = 0;
  std::uint32_t body_check = 0;  ///< low 32 bits of XXH3-64 of the body
};

/// Largest body allowed for a type. What carries bulk has kMaxBody, as have reserved types that will (delta,
/// encrypted_chunk), so that this version can skip them; an unknown type has kMaxSmallBody.
std::size_t body_limit(FrameType type);
/// Header of a frame whose body is the concatenation of `parts`.
std::array<std::uint8_t, kHeaderBytes> frame_header(FrameType type, std::initializer_list<ByteView> parts);
/// header + body appended to `out`.
void append_frame(Bytes& out, FrameType type, ByteView body);
Bytes make_frame(FrameType type, ByteView body);

struct Frame {
  FrameType type{};
  Buffer body;
};

}  // namespace dcdn::wire
