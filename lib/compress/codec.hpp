// codec.hpp - how the bytes of a chunk are carried: raw, LZ4 or zstd, decided per chunk by a trial.
#pragma once
#include <optional>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"

namespace dcdn::compress {

enum class Codec : std::uint8_t { raw = 0, zstd = 1, lz4 = 2 };  ///< numbers are the format's

enum class CompressMode { automatic, none, lz4, zstd };
struct CompressChoice {
  CompressMode mode = CompressMode::automatic;
  int level = 3;  ///< zstd 1..19; others ignore it
};
/// "auto" "none" "lz4" "zstd" "zstd:7". error usage: anything else, or a level outside 1..19.
Result<CompressChoice> parse_compress_choice(std::string_view text);

struct Compressed {
  Codec codec = Codec::raw;
  Buffer bytes;  ///< empty when codec is raw: the input is carried as it is
};

/// What a chunk is a piece of.
enum class Content : std::uint8_t { one_file, several_files };

/// Compresses one chunk if it pays. Of one file: kept only when it saves at least 1/16 of the chunk, and
/// automatic tries a sample (16 KiB) with LZ4 first, to spend zstd only where the sample shrinks or uses a
/// small alphabet (base64). Of several files, a sample says nothing of the others, and what they share
/// counts: kept when it saves 1/256, and always tried. Equal input, choice and library versions give equal
/// bytes. Threads  any; each thread keeps its own context.
Compressed compress_chunk(ByteView content, CompressChoice choice, BufferPool& pool,
                          Content of = Content::one_file);

/// Exactly `content_size` bytes back; the caller bounds it. Takes content_size from the pool, and only after
/// the headers (zstd) or the length (LZ4, raw) make it plausible. zstd: one frame of RFC 8878, nothing before
/// or after it. error corrupt: does not decode, or to another size; unsupported: a codec that is not in the
/// enum.
Result<Buffer> decompress_chunk(Codec codec, ByteView carried, std::size_t content_size, BufferPool& pool);

}  // namespace dcdn::compress
