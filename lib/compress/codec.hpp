// codec.hpp - how the bytes of a chunk are carried: raw, LZ4, zstd, or zstd after the content of earlier
// ones; decided per chunk by a trial.
#pragma once
#include <optional>

#include "base/buffer.hpp"
#include "compress/ladder.hpp"
#include "dcdn/result.hpp"

namespace dcdn::compress {

enum class Codec : std::uint8_t { raw = 0, zstd = 1, lz4 = 2, zstd_after = 3 };  ///< the format's numbers

enum class CompressMode { automatic, none, lz4, zstd };
/// How one chunk is to be compressed.
struct CompressChoice {
  CompressMode mode = CompressMode::automatic;
  int level = 3;  ///< zstd 1..19; others ignore it
  bool operator==(const CompressChoice&) const = default;
};

/// What somebody asked for, for a whole object.
struct CompressRequest {
  CompressChoice choice;             ///< mode automatic: its level is that of a rung
  std::optional<std::uint8_t> rung;  ///< automatic: always this one, of kLadder; none: as the link wants it
  bool alone = false;                ///< no chunk is compressed after others
  bool operator==(const CompressRequest&) const = default;

  [[nodiscard]] bool follows_link() const { return choice.mode == CompressMode::automatic && !rung; }
  /// The rung of a segment for which `wanted` would be right.
  [[nodiscard]] std::uint8_t rung_of(std::uint8_t wanted) const;
  [[nodiscard]] CompressChoice choice_at(std::uint8_t rung) const;
  /// Bytes of earlier content that chunks are compressed after.
  [[nodiscard]] std::uint32_t past_bytes_at(std::uint8_t rung) const;
  /// That may compress at once, so that their tables have kMostTableBytes together, or one of them.
  [[nodiscard]] std::size_t most_threads_at(std::uint8_t rung) const;
};
/// "auto" "none" "0" to "6" "best" "lz4" "zstd" "zstd:7", each but "none" and "lz4" also with ",alone".
/// error usage: anything else, or a level outside 1..19.
Result<CompressRequest> parse_compress_request(std::string_view text);

struct Compressed {
  Codec codec = Codec::raw;
  Buffer bytes;  ///< empty when codec is raw: the input is carried as it is
};

/// What a chunk is a piece of.
enum class Content : std::uint8_t { one_file, several_files };

/// Compresses one chunk if it pays. Of one file: automatic tries a sample (16 KiB) with LZ4 first, to spend
/// zstd only where the sample shrinks or uses a small alphabet (base64); and up to the usual rung's level it
/// is kept only when it saves at least 1/16 of the chunk. Of several files, a sample says nothing of the
/// others, and what they share counts: kept when it saves 1/256, and always tried; so is a chunk of one file
/// at higher levels. Equal input, choice and library versions give equal
/// bytes. Threads  any; each thread keeps its own context.
/// `past`: content that whoever unpacks it knows too; zstd then makes what needs it (Codec::zstd_after).
Compressed compress_chunk(ByteView content, CompressChoice choice, BufferPool& pool,
                          Content of = Content::one_file, ByteView past = {});

/// Exactly `content_size` bytes back; the caller bounds it. Takes content_size from the pool, and only after
/// the headers (zstd) or the length (LZ4, raw) make it plausible. zstd: one frame of RFC 8878, nothing before
/// or after it. error corrupt: does not decode, or to another size; unsupported: a codec that is not in the
/// enum. `past`: of Codec::zstd_after, what it was compressed after, byte for byte.
Result<Buffer> decompress_chunk(Codec codec, ByteView carried, std::size_t content_size, BufferPool& pool,
                                ByteView past = {});

/// Of the zstd that is linked: another one may make other bytes of the same content.
std::uint32_t zstd_version();

}  // namespace dcdn::compress
