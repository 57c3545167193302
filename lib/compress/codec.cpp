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
std::size_t largest_worth_carrying(std::size_t content_size, Content of, int level) {
  const std::size_t part = of == Content::one_file && level <= kLadder[kUsualRung].level ? 16 : 256;
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

Error wrong_request(std::string_view text, std::string_view why) {
  return Error(Errc::usage, fmt::format("compression '{}' {}", escape_for_display(text), why))
      .with_hint("auto, none, 0 to 6, best, lz4, zstd, or zstd:1 to zstd:19");
}

std::optional<CompressRequest> named_request(std::string_view text) {
  if (text == "auto") return CompressRequest{};
  if (text == "none") return CompressRequest{{CompressMode::none}, {}, false};
  if (text == "lz4") return CompressRequest{{CompressMode::lz4}, {}, false};
  if (text == "zstd") return CompressRequest{{CompressMode::zstd}, {}, false};
  if (text == "best") return CompressRequest{{}, kBestRung, false};
  if (text.size() != 1 || text[0] < '0' || text[0] > '0' + kBestRung) return std::nullopt;
  return CompressRequest{{}, static_cast<std::uint8_t>(text[0] - '0'), false};
}

}  // namespace

Result<CompressRequest> parse_compress_request(std::string_view text) {
  constexpr std::string_view kAlone = ",alone";
  constexpr std::string_view kWithLevel = "zstd:";
  if (text.ends_with(kAlone)) {
    auto request = parse_compress_request(text.substr(0, text.size() - kAlone.size()));
    if (!request) return wrong_request(text, "is not known");
    request->alone = true;
    return request;
  }
  if (const auto named = named_request(text)) return *named;
  if (!text.starts_with(kWithLevel)) return wrong_request(text, "is not known");
  const std::string_view digits = text.substr(kWithLevel.size());
  int level = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), level);
  if (failure != std::errc() || end != digits.data() + digits.size() || level < 1 || level > kLargestLevel)
    return wrong_request(text, "has a level that is not a number from 1 to 19");
  return CompressRequest{{CompressMode::zstd, level}, {}, false};
}

std::uint8_t CompressRequest::rung_of(std::uint8_t wanted) const {
  if (choice.mode == CompressMode::none) return 0;
  if (choice.mode != CompressMode::automatic) return kUsualRung;
  return std::min(rung.value_or(wanted), kBestRung);
}

CompressChoice CompressRequest::choice_at(std::uint8_t at) const {
  if (choice.mode != CompressMode::automatic) return choice;
  const Rung& step = kLadder[rung_of(at)];
  return step.level == 0 ? CompressChoice{CompressMode::none} : CompressChoice{choice.mode, step.level};
}

std::uint32_t CompressRequest::past_bytes_at(std::uint8_t at) const {
  if (alone || choice.mode == CompressMode::none || choice.mode == CompressMode::lz4) return 0;
  return kLadder[rung_of(at)].past_bytes;
}

std::size_t CompressRequest::most_threads_at(std::uint8_t at) const {
  const int wanted = choice_at(at).level;
  std::size_t table_bytes = kLadder[rung_of(at)].memory_bytes;
  if (choice.mode == CompressMode::zstd) {
    const auto like = std::ranges::find_if(kLadder, [&](const Rung& step) { return step.level >= wanted; });
    table_bytes = like == kLadder.end() ? kLadder.back().memory_bytes : like->memory_bytes;
  }
  return std::max<std::size_t>(kMostTableBytes / std::max<std::size_t>(table_bytes, 1), 1);
}

Compressed compress_chunk(ByteView content, CompressChoice choice, BufferPool& pool, Content of,
                          ByteView past) {
  const std::size_t largest = largest_worth_carrying(content.size(), of, choice.level);
  if (choice.mode == CompressMode::none || largest == 0) return {};
  if (choice.mode == CompressMode::automatic && of == Content::one_file && !looks_compressible(content))
    return {};
  if (choice.mode == CompressMode::lz4)
    return keep_if_short(Codec::lz4, largest, pool,
                         [&](MutableByteView into) { return lz4_compress(content, into); });
  const Codec codec = past.empty() ? Codec::zstd : Codec::zstd_after;
  return keep_if_short(codec, largest, pool, [&](MutableByteView into) {
    return zstd_compress(content, choice.level, into, past);
  });
}

Result<Buffer> decompress_chunk(Codec codec, ByteView carried, std::size_t content_size, BufferPool& pool,
                                ByteView past) {
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
    case Codec::zstd:
    case Codec::zstd_after: {
      if (!zstd_is_plausible(carried, content_size)) return corrupt("zstd");
      Buffer content = pool.take(content_size);
      const ByteView known = codec == Codec::zstd_after ? past : ByteView();
      if (!zstd_decompress(carried, content.writable(), known)) return corrupt("zstd");
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
