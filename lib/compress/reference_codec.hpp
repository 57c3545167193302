// reference_codec.hpp - zstd with another file as its past: what both have in common costs next to nothing.
#pragma once
#include <optional>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"

namespace dcdn::compress {

/// Of the content, and of the reference, bytes.
inline constexpr std::uint64_t kMostReferenceBytes = 1u << 30;

/// One frame of RFC 8878 that needs `reference` to be read. The two must not share memory. Memory: `limit`,
/// and tables of at most 160 MiB at levels up to 9. nullopt: it would have more than `limit` bytes, or
/// content or reference are too long. Equal input, level and library versions give equal bytes.
std::optional<Buffer> compress_against(ByteView reference, ByteView content, int level, std::size_t limit);

/// Exactly into.size() bytes back. error corrupt.
Result<void> decompress_against(ByteView reference, ByteView carried, MutableByteView into);

}  // namespace dcdn::compress
