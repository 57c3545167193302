// lz4_codec.hpp - one LZ4 block, without the frame format around it (the manifest holds both sizes).
//
// Source   LZ4 block format, lz4_Block_format.md of liblz4
#pragma once
#include <optional>

#include "dcdn/bytes.hpp"

namespace dcdn::compress {

/// Compresses into the start of `into`; the number of bytes, or nullopt if they do not fit.
/// Threads  any; each keeps its own context.
std::optional<std::size_t> lz4_compress(ByteView content, MutableByteView into);

/// False unless `carried` is one block of exactly into.size() bytes. Allocates nothing.
bool lz4_decompress(ByteView carried, MutableByteView into);

/// The most that `carried_size` bytes can decode to: what claims more is refused before memory is taken.
constexpr std::uint64_t lz4_largest_content(std::size_t carried_size) {
  return std::uint64_t{carried_size} * 255;  // a length byte adds at most 255
}

}  // namespace dcdn::compress
