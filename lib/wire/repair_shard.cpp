#include "wire/repair_shard.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "digest/hasher.hpp"

namespace dcdn::wire {

namespace {

constexpr std::uint8_t kLastGroup = 1;
constexpr std::uint8_t kRaw = 2;
constexpr std::uint8_t kOtherCode = 4;
constexpr std::size_t kDigestBytes = 32;
// Longest description: 2048 frames of 22 bytes, 255 counts of 2, and the fields before them.
constexpr std::size_t kMaxDescription = 48u << 10;

FrameName half(const Digest& digest) {
  FrameName name;
  std::copy_n(digest.bytes.begin(), name.size(), name.begin());
  return name;
}

FrameName take_name(ByteReader& in) {
  FrameName name{};
  const ByteView bytes = in.raw(name.size());
  if (in.ok()) std::copy(bytes.begin(), bytes.end(), name.begin());
  return name;
}

Error malformed(const char* what) {
  return {Errc::corrupt, std::string("repair shard: ") + what};
}

std::vector<CodedFrame> take_symbol(ByteReader& in, std::uint64_t room, std::size_t& frames_left) {
  std::vector<CodedFrame> symbol;
  const std::uint64_t count = in.varint();
  if (count == 0 || count > frames_left) in.fail();
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    CodedFrame frame;
    frame.type = static_cast<FrameType>(in.fixed<std::uint8_t>());
    const std::uint64_t bytes = in.varint();
    frame.name = take_name(in);
    if (bytes > room || bytes > body_limit(frame.type) || frame.type == FrameType::repair_shard) in.fail();
    // An empty frame is taken as here without having come, so its name must be right.
    if (bytes == 0 && frame_name(frame.type, {}) != frame.name) in.fail();
    if (!in.ok()) break;
    frame.body_bytes = static_cast<std::uint32_t>(bytes);
    room -= bytes;
    symbol.push_back(frame);
  }
  frames_left -= symbol.size();
  return symbol;
}

Result<void> check_numbers(const BlockDescription& block, std::uint64_t sources) {
  if (sources == 0 || block.repairs == 0 || sources + block.repairs > kMaxBlockSymbols)
    return malformed("a block has at least one source and one repair symbol, and at most 255");
  if (block.blocks == 0 || block.blocks > kMaxInterleave || block.block >= block.blocks)
    return malformed("the number of the block is not one of its group");
  if (block.symbol_bytes == 0 || block.symbol_bytes > kMaxBody)
    return malformed("a symbol has a size that no frame has");
  if (block.code == kCauchyCode) return {};
  if (block.code == 0 || block.code > kMostCode)
    return Error(Errc::unsupported, "repair shard: a code that this version does not know");
  if (block.code_sources < sources || block.code_sources + block.repairs > kMaxOtherSymbols)
    return malformed("its code has other numbers of symbols than the block");
  return {};
}

// A varint that must fit in 32 bits.
std::uint32_t small(ByteReader& in) {
  const std::uint64_t value = in.varint();
  if (value > UINT32_MAX) in.fail();
  return static_cast<std::uint32_t>(value);
}

}  // namespace

std::optional<FrameName> frame_name(FrameType type, ByteView body) {
  if (type != FrameType::chunk) {
    digest::Hasher hasher;
    const auto kind = static_cast<std::uint8_t>(type);
    hasher.update(ByteView(&kind, 1));
    hasher.update(body);
    return half(hasher.digest());
  }
  if (body.size() <= kDigestBytes) return std::nullopt;
  const Digest carried = digest::blake3(body.subspan(kDigestBytes));
  if (carried != Digest::copy_of(body)) return std::nullopt;
  return half(carried);
}

Bytes encode(const BlockDescription& description) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.fixed(static_cast<std::uint8_t>((description.last_group ? kLastGroup : 0) |
                                      (description.raw ? kRaw : 0) |
                                      (description.code != kCauchyCode ? kOtherCode : 0)));
  if (description.code != kCauchyCode) {
    out.fixed(description.code);
    out.fixed(static_cast<std::uint8_t>(description.code_sources));
  }
  out.raw(description.encoding);
  out.varint(description.group);
  out.varint(description.blocks);
  out.varint(description.block);
  out.varint(description.repairs);
  out.varint(description.symbol_bytes);
  out.varint(description.symbols.size());
  for (const auto& symbol : description.symbols) {
    out.varint(symbol.size());
    for (const CodedFrame& frame : symbol) {
      out.fixed(static_cast<std::uint8_t>(frame.type));
      out.varint(frame.body_bytes);
      out.raw(frame.name);
    }
  }
  return bytes;
}

Result<BlockDescription> parse_block_description(ByteView bytes) {
  ByteReader in(bytes);
  BlockDescription block;
  const auto flags = in.fixed<std::uint8_t>();
  if ((flags & ~(kLastGroup | kRaw | kOtherCode)) != 0)
    return Error(Errc::unsupported, "repair shard: flags that this version does not know");
  block.last_group = (flags & kLastGroup) != 0;
  block.raw = (flags & kRaw) != 0;
  if ((flags & kOtherCode) != 0) {
    block.code = in.fixed<std::uint8_t>();
    block.code_sources = in.fixed<std::uint8_t>();
    if (block.code == kCauchyCode) return malformed("its description is not canonical");
  }
  block.encoding = take_name(in);
  block.group = in.varint();
  block.blocks = small(in);
  block.block = small(in);
  block.repairs = small(in);
  block.symbol_bytes = small(in);
  const std::uint64_t sources = in.varint();
  if (!in.ok()) return malformed("its description is cut off");
  DCDN_CHECK(check_numbers(block, sources));
  std::size_t frames_left = kMaxBlockFrames;
  std::uint64_t longest = 1;
  for (std::uint64_t i = 0; in.ok() && i < sources; ++i) {
    block.symbols.push_back(take_symbol(in, block.symbol_bytes, frames_left));
    std::uint64_t length = 0;
    for (const CodedFrame& frame : block.symbols.back()) length += frame.body_bytes;
    longest = std::max(longest, length);
  }
  if (!in.finished() || longest != block.symbol_bytes) return malformed("its list of frames does not fit");
  return block;
}

FrameName block_name(ByteView description) {
  return half(digest::blake3(description));
}

Result<ShardDraft> draft_shard(std::uint8_t code, unsigned repair, ByteView description,
                               std::size_t parity_bytes, BufferPool& pool) {
  Bytes head;
  ByteWriter out(head);
  out.fixed(code);
  out.fixed(static_cast<std::uint8_t>(repair));
  out.prefixed(description);
  const std::size_t size = kDigestBytes + head.size() + parity_bytes;
  if (size > body_limit(FrameType::repair_shard))
    return Error(Errc::limit, "a repair shard would be longer than a frame may be")
        .with_hint("use a smaller -k, or chunks below 4 MiB");
  ShardDraft draft{pool.take(size), kDigestBytes + head.size()};
  std::copy(head.begin(), head.end(), draft.body.writable().begin() + kDigestBytes);
  return draft;
}

void seal_shard(ShardDraft& draft) {
  const Digest digest = digest::blake3(draft.body.view().subspan(kDigestBytes));
  std::copy(digest.bytes.begin(), digest.bytes.end(), draft.body.writable().begin());
}

Result<RepairShardView> peek_repair_shard(ByteView body) {
  ByteReader in(body);
  in.raw(kDigestBytes);
  RepairShardView shard;
  shard.code = in.fixed<std::uint8_t>();
  shard.repair = in.fixed<std::uint8_t>();
  shard.description = in.prefixed(kMaxDescription);
  if (!in.ok()) return malformed("too short for what it says");
  if (shard.code == 0 || shard.code > kMostCode)
    return Error(Errc::unsupported, "repair shard: a code that this version does not know");
  shard.parity = in.raw(in.left());
  return shard;
}

Result<RepairShardView> parse_repair_shard(ByteView body) {
  if (body.size() < kDigestBytes || digest::blake3(body.subspan(kDigestBytes)) != Digest::copy_of(body))
    return malformed("does not match its digest");
  return peek_repair_shard(body);
}

}  // namespace dcdn::wire
