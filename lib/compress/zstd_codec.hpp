// zstd_codec.hpp - one zstd frame, no checksum (the manifest holds a digest).
//
// Source   RFC 8878
#pragma once
#include <optional>

#include "dcdn/bytes.hpp"

namespace dcdn::compress {

/// Compresses into the start of `into`; the number of bytes, or nullopt if they do not fit. `past`: what the
/// reader has before it, as a raw content dictionary; faster if `content` follows it in memory.
/// Threads  any. Memory: as many contexts as ever were in use at once are kept.
std::optional<std::size_t> zstd_compress(ByteView content, int level, MutableByteView into,
                                         ByteView past = {});

/// True if `carried` is exactly one frame of the current format (no older one, no second frame, no skippable
/// frame) that does not claim another content size. Looks at headers only, so that memory is taken for
/// plausible input only.
bool zstd_is_plausible(ByteView carried, std::size_t content_size);

/// False unless `carried` decodes to exactly into.size() bytes. Ask zstd_is_plausible first: older formats
/// would make the library allocate as it reads.
bool zstd_decompress(ByteView carried, MutableByteView into, ByteView past = {});

}  // namespace dcdn::compress
