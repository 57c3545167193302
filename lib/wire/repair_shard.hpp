// repair_shard.hpp - a repair symbol at rest, and the description of the source block it belongs to
// (dcdn-format(5), REPAIR).
//
// Every shard repeats the whole description, so that no single frame is needed to make use of the others.
#pragma once
#include <optional>
#include <vector>

#include "wire/frame.hpp"

namespace dcdn::wire {

inline constexpr std::size_t kMaxBlockFrames = 2048;  ///< frames of one source block
inline constexpr std::uint32_t kMaxInterleave = 256;  ///< blocks of one group
inline constexpr unsigned kMaxBlockSymbols = 255;     ///< k + m
/// Codes by their numbers in the format: 1 is Reed-Solomon with a Cauchy matrix, the others are those of
/// other libraries.
inline constexpr std::uint8_t kCauchyCode = 1;
inline constexpr std::uint8_t kMostCode = 7;
inline constexpr unsigned kMaxOtherSymbols = 32;  ///< k + m of a code that is not 1
inline constexpr std::size_t kMaxParityExcess = 16
                                                << 10;  ///< by which its parity may be longer than a symbol

/// What a frame is called in a description: the first half of a BLAKE3 digest.
using FrameName = std::array<std::uint8_t, 16>;
struct FrameNameHash {
  std::size_t operator()(const FrameName& name) const {
    std::size_t h;
    std::memcpy(&h, name.data(), sizeof h);
    return h;
  }
};

/// For a chunk its carried digest, which is checked here; for any other frame BLAKE3 of type and body.
/// nullopt: a chunk frame whose bytes are not what it says.
std::optional<FrameName> frame_name(FrameType type, ByteView body);

struct CodedFrame {
  FrameType type{};
  std::uint32_t body_bytes = 0;
  FrameName name{};
  bool operator==(const CodedFrame&) const = default;
};

/// A symbol is the bodies of whole frames, laid end to end, and zeros up to symbol_bytes.
struct BlockDescription {
  bool last_group = false;   ///< the encoding ends with this group
  bool raw = false;          ///< the frames are one packed stream: its content was the input
  FrameName encoding{};      ///< which run of the encoder (chosen by content)
  std::uint64_t group = 0;   ///< 0, 1, ... without a gap
  std::uint32_t blocks = 1;  ///< of the group; symbol i of the group is symbol i / blocks of block i % blocks
  std::uint32_t block = 0;
  unsigned repairs = 1;  ///< m
  std::uint8_t code = kCauchyCode;
  unsigned code_sources = 0;       ///< k of a code that is not 1: symbols of zeros follow up to it; else 0
  std::uint32_t symbol_bytes = 1;  ///< of every symbol
  std::vector<std::vector<CodedFrame>> symbols;  ///< k, each of at least one frame
  bool operator==(const BlockDescription&) const = default;
};

Bytes encode(const BlockDescription& description);
/// Checks every limit, that frames fit their symbol, and that the encoding is canonical.
Result<BlockDescription> parse_block_description(ByteView bytes);
/// What a block is called: the first half of BLAKE3 of its description.
FrameName block_name(ByteView description);

/// Body of a repair_shard frame, in place.
struct RepairShardView {
  std::uint8_t code = kCauchyCode;
  unsigned repair = 0;  ///< ESI k + repair
  ByteView description;
  ByteView parity;
};
/// Room for a shard: all but digest and parity is filled in; write parity, then seal.
struct ShardDraft {
  Buffer body;
  std::size_t parity_at = 0;
  [[nodiscard]] MutableByteView parity() { return body.writable().subspan(parity_at); }
};
/// error limit: the body would be longer than a frame may be.
Result<ShardDraft> draft_shard(std::uint8_t code, unsigned repair, ByteView description,
                               std::size_t parity_bytes, BufferPool& pool);
void seal_shard(ShardDraft& draft);
/// The parts, digest not checked: only good for telling that a shard is of no more use.
Result<RepairShardView> peek_repair_shard(ByteView body);
/// error corrupt: the digest does not match, or the parts do not fit together.
Result<RepairShardView> parse_repair_shard(ByteView body);

}  // namespace dcdn::wire
