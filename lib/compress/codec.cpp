#include "compress/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "compress/lz4_codec.hpp"
#include "compress/zstd_codec.hpp"

namespace dcdn::compress {

namespace {

constexpr int kLargestLevel = 19;

/// The most bytes a compressed chunk may have to be worth carrying: at least 1/16 or 1/256 is saved, and at
/// least a byte.
std::size_t largest_worth_carrying(std::size_t content_size, Content of) {
  const std::size_t part = of == Content::one_file ? 16 : 256;
  return content_size - std::min(content_size, std::max<std::size_t>((content_size + part - 1) / part, 1));
}

// 16 KiB in 8 pieces: enough to meet a compressible part of a mixed chunk, little enough that looking at it
// costs a few microseconds where hashing the chunk costs a hundred.
constexpr std::size_t kSamplePieces = 8;
constexpr std::size_t kSamplePieceBytes = 2048;
constexpr std::size_t kSampleBytes = kSamplePieces * kSamplePieceBytes;
using SampleBuffer = std::array<std::uint8_t, kSampleBytes>;

/// Pieces at equal distances, the first at the start and the last at the end; the chunk itself if it is
/// short.
ByteView sample_of(ByteView content, SampleBuffer& buffer) {
  if (content.size() <= kSampleBytes) return content;
  const std::size_t distance = (content.size() - kSamplePieceBytes) / (kSamplePieces - 1);
  for (std::size_t i = 0; i < kSamplePieces; ++i)
    std::memcpy(buffer.data() + i * kSamplePieceBytes, content.data() + i * distance, kSamplePieceBytes);
  return buffer;
}

bool lz4_shrinks(ByteView sample) {
  // Room for all but 1/32: half of what must be saved at last, because zstd does better than LZ4 on short
  // pieces.
  static thread_local SampleBuffer scratch;
  return lz4_compress(sample, MutableByteView(scratch).first(sample.size() - sample.size() / 32)).has_value();
}

/// LZ4 finds repeats only. Base64, hexadecimal and other small alphabets shrink without any: told by the sum
/// of squared byte counts, which is four times that of random bytes when 64 values are used (collision
/// entropy, Renyi 1961). True at 7 bits a byte or less. Integers, so that every machine decides alike.
bool alphabet_is_small(ByteView sample) {
  std::array<std::uint32_t, 256> counts{};
  for (const std::uint8_t byte : sample) ++counts[byte];
  std::uint64_t squares = 0;
  for (const std::uint64_t count : counts) squares += count * count;
  return squares * 128 >= std::uint64_t{sample.size()} * sample.size();
}

bool looks_compressible(ByteView content) {
  static thread_local SampleBuffer buffer;
  const ByteView sample = sample_of(content, buffer);
  return lz4_shrinks(sample) || alphabet_is_small(sample);
}

/// Runs `codec` into a pooled block and keeps the result if it is short enough.
template <class Compressor>
Compressed keep_if_short(Codec codec, std::size_t largest, BufferPool& pool, Compressor compressor) {
  Buffer block = pool.take(largest);
  const std::optional<std::size_t> size = compressor(block.writable());
  if (!size) return {};
  if (*size > block.size() / 2) return {codec, block.first(*size)};
  // A queue counts the bytes it holds, not the blocks behind them: do not keep a large block for a few bytes.
  Buffer shorter = pool.take(*size);
  std::memcpy(shorter.writable().data(), block.view().data(), *size);
  return {codec, std::move(shorter)};
}

Error wrong_choice(std::string_view text, std::string_view why) {
  return Error(Errc::usage, fmt::format("compression '{}' {}", escape_for_display(text), why))
      .with_hint("auto, none, lz4, zstd, or zstd:1 to zstd:19");
}

}  // namespace

Result<CompressChoice> parse_compress_choice(std::string_view text) {
  constexpr std::string_view kWithLevel = "zstd:";
  if (text == "auto") return CompressChoice{};
  if (text == "none") return CompressChoice{CompressMode::none};
  if (text == "lz4") return CompressChoice{CompressMode::lz4};
  if (text == "zstd") return CompressChoice{CompressMode::zstd};
  if (!text.starts_with(kWithLevel)) return wrong_choice(text, "is not known");
  const std::string_view digits = text.substr(kWithLevel.size());
  int level = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), level);
  if (failure != std::errc() || end != digits.data() + digits.size() || level < 1 || level > kLargestLevel)
    return wrong_choice(text, "has a level that is not a number from 1 to 19");
  return CompressChoice{CompressMode::zstd, level};
}

Compressed compress_chunk(ByteView content, CompressChoice choice, BufferPool& pool, Content of) {
  const std::size_t largest = largest_worth_carrying(content.size(), of);
  if (choice.mode == CompressMode::none || largest == 0) return {};
  if (choice.mode == CompressMode::automatic && of == Content::one_file && !looks_compressible(content))
    return {};
  if (choice.mode == CompressMode::lz4)
    return keep_if_short(Codec::lz4, largest, pool,
                         [&](MutableByteView into) { return lz4_compress(content, into); });
  return keep_if_short(Codec::zstd, largest, pool,
                       [&](MutableByteView into) { return zstd_compress(content, choice.level, into); });
}

Result<Buffer> decompress_chunk(Codec codec, ByteView carried, std::size_t content_size, BufferPool& pool) {
  const auto corrupt = [&](std::string_view name) {
    return Error(Errc::corrupt, fmt::format("{} chunk of {} bytes does not decode to {} bytes", name,
                                            carried.size(), content_size));
  };
  switch (codec) {
    case Codec::raw: {
      if (carried.size() != content_size) return corrupt("raw");
      Buffer content = pool.take(content_size);
      if (!carried.empty()) std::memcpy(content.writable().data(), carried.data(), content_size);
      return content;
    }
    case Codec::zstd: {
      if (!zstd_is_plausible(carried, content_size)) return corrupt("zstd");
      Buffer content = pool.take(content_size);
      if (!zstd_decompress(carried, content.writable())) return corrupt("zstd");
      return content;
    }
    case Codec::lz4: {
      if (content_size > lz4_largest_content(carried.size())) return corrupt("lz4");
      Buffer content = pool.take(content_size);
      if (!lz4_decompress(carried, content.writable())) return corrupt("lz4");
      return content;
    }
  }
  return Error(Errc::unsupported, fmt::format("codec {} is not known here", static_cast<unsigned>(codec)));
}

}  // namespace dcdn::compress
