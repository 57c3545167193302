// difference_message.hpp - how an older file at the receiver saves what both ends have: session messages 0x58
// to 0x5B (dcdn-session(5), DIFFERENCES).
//
// Order on the wire (S sender, R receiver):
//   object stream: S Differences behind its offer; R BasisPiece ... Compare before the want of a segment
//   chunk streams: S Difference in place of a chunk frame
#pragma once
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "message/session_message.hpp"

namespace dcdn::message {

/// Bytes of all signatures of one object on one connection: bounds what a sender has to remember.
inline constexpr std::size_t kMaxBasisBytes = 8u << 20;
inline constexpr std::size_t kMaxBases = 16384;        ///< and their number: one costs more than its bytes
inline constexpr std::size_t kMaxBasisPiece = 60'000;  ///< signature bytes in one message
inline constexpr std::size_t kMaxCompareRuns = 8192;
/// Since 2 there are differences in context.
inline constexpr std::uint32_t kDifferencesVersion = 2;

struct Differences {
  std::uint32_t version = kDifferencesVersion;  ///< highest that the sender knows
  bool operator==(const Differences&) const = default;
};
/// Signatures of older files are numbered from 0, and each comes whole and in order before the next.
struct BasisPiece {
  std::uint32_t object = 0;
  std::uint32_t basis = 0;
  std::uint32_t total = 0;   ///< bytes of the signature, at most kMaxBasisBytes
  std::uint32_t offset = 0;  ///< of this piece
  Bytes bytes;               ///< at least 1, at most kMaxBasisPiece
  bool operator==(const BasisPiece&) const = default;
};
/// The next `chunks` chunk records of a segment are like that older file.
struct CompareRun {
  std::uint32_t chunks = 0;  ///< at least 1
  std::optional<std::uint32_t> basis;
  bool operator==(const CompareRun&) const = default;
};
struct Compare {
  std::uint32_t object = 0;
  std::uint64_t segment = 0;
  std::vector<CompareRun> runs;  ///< at most kMaxCompareRuns, kMaxItems chunks together
  std::uint32_t version = 1;     ///< highest that the receiver takes; only 1 if the sender does not know 2
  bool operator==(const Compare&) const = default;
};
/// How a difference is written. raw, zstd and lz4 are commands in rdiff's format, packed like chunks.
/// in_context: the steps without their literals, and these compressed with what the steps copy as their past
/// (pipeline/context_difference.hpp).
enum class DifferenceCodec : std::uint8_t { raw = 0, zstd = 1, lz4 = 2, in_context = 3 };
/// Instead of the chunk that travels as `carried`: what makes its content.
struct Difference {
  Digest carried;  ///< names the chunk record
  std::uint32_t object = 0;
  std::uint32_t basis = 0;
  DifferenceCodec codec = DifferenceCodec::raw;
  std::uint32_t command_bytes = 0;  ///< commands or steps when unpacked; at most kMaxChunkContent
  Bytes bytes;                      ///< at least 1
  bool operator==(const Difference&) const = default;
};

Bytes encode(const Differences& m);
Bytes encode(const BasisPiece& m);
Bytes encode(const Compare& m);
Bytes encode(const Difference& m);
template <>
Result<Differences> parse<Differences>(ByteView body);
template <>
Result<BasisPiece> parse<BasisPiece>(ByteView body);
template <>
Result<Compare> parse<Compare>(ByteView body);
template <>
Result<Difference> parse<Difference>(ByteView body);

}  // namespace dcdn::message
