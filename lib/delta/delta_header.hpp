// delta_header.hpp - what a delta that travels as an object begins with: from which file, to which, and how.
//
// Spec  dcdn-format(5), DELTA
#pragma once
#include "delta/compact_signature.hpp"

namespace dcdn::delta {

enum class Method : std::uint8_t {
  same = 0,       ///< nothing follows: the files are equal
  blocks = 1,     ///< a delta in rdiff's format
  reference = 2,  ///< a zstd frame with the old file as its past
};

struct DeltaHeader {
  Method method = Method::same;
  FileId basis;
  FileId target;
  bool operator==(const DeltaHeader&) const = default;
};

inline constexpr std::size_t kDeltaHeader = 13 + 1 + 2 * (8 + 32);
inline constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 60;

Bytes encode_delta_header(const DeltaHeader& header);
/// Whether the first bytes of a file are those of a delta.
bool looks_like_delta(ByteView first_bytes);
/// Of the first kDeltaHeader bytes. error corrupt; unsupported: another version or method.
Result<DeltaHeader> parse_delta_header(ByteView bytes);

}  // namespace dcdn::delta
