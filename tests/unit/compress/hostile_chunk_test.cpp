// What a stranger may hand to a decompressor: every case must end in an error, soon, and without taking
// memory that the promised size does not justify.
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <random>

#include "compress/codec.hpp"
#include "compress/lz4_codec.hpp"
#include "compress/zstd_codec.hpp"

namespace dcdn::compress {
namespace {

/// Runs of its own past between random bytes: both codecs write literals and matches.
Bytes mixed_content(std::size_t size) {
  std::mt19937 generator(5);
  Bytes bytes;
  while (bytes.size() < size) {
    const std::size_t past = bytes.size() > 40 ? generator() % (bytes.size() - 40) : 0;
    const bool copy = bytes.size() > 40 && generator() % 4 != 0;
    const std::size_t length = 10 + generator() % 30;
    for (std::size_t i = 0; i < length; ++i)
      bytes.push_back(copy ? bytes[past + i] : static_cast<std::uint8_t>(generator()));
  }
  bytes.resize(size);
  return bytes;
}

class HostileChunkTest : public ::testing::Test {
 protected:
  void expect_corrupt(Codec codec, ByteView carried, std::size_t content_size) {
    const auto content = decompress_chunk(codec, carried, content_size, pool_);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, Errc::corrupt);
  }
  Bytes carried_of(CompressMode mode, const Bytes& content) {
    const Compressed packed = compress_chunk(content, {mode, 3}, pool_);
    EXPECT_NE(packed.codec, Codec::raw);
    return {packed.bytes.view().begin(), packed.bytes.view().end()};
  }
  BufferPool pool_{1u << 20};
};

constexpr std::pair<Codec, CompressMode> kBoth[] = {{Codec::lz4, CompressMode::lz4},
                                                    {Codec::zstd, CompressMode::zstd}};

TEST_F(HostileChunkTest, RefusesAnotherSize) {
  const Bytes content = mixed_content(50'000);
  for (const auto& [codec, mode] : kBoth) {
    const Bytes carried = carried_of(mode, content);
    for (const std::size_t size : {0u, 1u, 49'999u, 50'001u, 1u << 20}) expect_corrupt(codec, carried, size);
  }
  expect_corrupt(Codec::raw, content, 49'999);
  expect_corrupt(Codec::raw, content, 50'001);
}

TEST_F(HostileChunkTest, RefusesEveryTruncation) {
  const Bytes content = mixed_content(3000);
  for (const auto& [codec, mode] : kBoth) {
    const Bytes carried = carried_of(mode, content);
    for (std::size_t size = 0; size < carried.size(); ++size)
      expect_corrupt(codec, ByteView(carried).first(size), content.size());
  }
}

TEST_F(HostileChunkTest, RefusesTrailingBytes) {
  const Bytes content = mixed_content(3000);
  for (const auto& [codec, mode] : kBoth) {
    Bytes carried = carried_of(mode, content);
    carried.push_back(0);
    expect_corrupt(codec, carried, content.size());
  }
}

TEST_F(HostileChunkTest, ADamagedByteNeverWritesOutside) {
  const Bytes content = mixed_content(3000);
  for (const auto& [codec, mode] : kBoth) {
    const Bytes carried = carried_of(mode, content);
    for (std::size_t at = 0; at < carried.size(); ++at) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        Bytes damaged = carried;
        damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ flip);
        // Either is allowed, the digest decides later; ASan watches the memory.
        const auto result = decompress_chunk(codec, damaged, content.size(), pool_);
        EXPECT_EQ(result ? result->size() : content.size(), content.size());
      }
    }
  }
}

TEST_F(HostileChunkTest, NoiseIsRefused) {
  std::mt19937 generator(11);
  for (int round = 0; round < 2000; ++round) {
    Bytes noise(generator() % 64);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(generator());
    expect_corrupt(Codec::zstd, noise, 1000);
    expect_corrupt(Codec::lz4, noise, 100'000);
  }
}

TEST_F(HostileChunkTest, AFewBytesCannotClaimALargeChunk) {
  // With memory really taken for these, the pool would end the program.
  constexpr std::size_t kHuge = std::size_t{1} << 62;
  const Bytes few{0x1f, 'a', 1, 0, 0xff, 0xff, 0, 0x50, 1, 2, 3, 4, 5};
  expect_corrupt(Codec::lz4, few, kHuge);
  expect_corrupt(Codec::lz4, few, few.size() * 255 + 1);
  expect_corrupt(Codec::zstd, few, kHuge);
  expect_corrupt(Codec::raw, few, kHuge);
  expect_corrupt(Codec::lz4, {}, 1);
  expect_corrupt(Codec::zstd, {}, 0);
  expect_corrupt(Codec::zstd, carried_of(CompressMode::zstd, mixed_content(3000)), kHuge);
}

TEST_F(HostileChunkTest, AZstdBombIsHeldToThePromisedSize) {
  const Bytes zeros(64u << 20, 0);
  const Compressed bomb = compress_chunk(zeros, {CompressMode::zstd, 3}, pool_);
  ASSERT_LT(bomb.bytes.size(), 10'000u);
  expect_corrupt(Codec::zstd, bomb.bytes.view(), 4096);
}

Bytes frame_without_size(const Bytes& content) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  Bytes frame(ZSTD_compressBound(content.size()));
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), content.data(), content.size()));
  ZSTD_freeCCtx(context);
  return frame;
}

TEST_F(HostileChunkTest, AFrameThatDoesNotTellItsSizeIsHeldToThePromisedOne) {
  const Bytes content = mixed_content(3000);
  const Bytes frame = frame_without_size(content);
  const auto back = decompress_chunk(Codec::zstd, frame, content.size(), pool_);
  ASSERT_TRUE(back);
  EXPECT_TRUE(std::ranges::equal(back->view(), content));
  expect_corrupt(Codec::zstd, frame, 2999);
  expect_corrupt(Codec::zstd, frame, 3001);
}

TEST_F(HostileChunkTest, OnlyOneZstdFrameOfTheCurrentFormat) {
  const Bytes content = mixed_content(3000);
  const Bytes frame = carried_of(CompressMode::zstd, content);
  Bytes twice = frame;
  twice.insert(twice.end(), frame.begin(), frame.end());
  expect_corrupt(Codec::zstd, twice, content.size());
  expect_corrupt(Codec::zstd, twice, content.size() * 2);
  Bytes skippable{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};  // RFC 8878 section 3.1.2, empty
  expect_corrupt(Codec::zstd, skippable, 0);
  skippable.insert(skippable.end(), frame.begin(), frame.end());
  expect_corrupt(Codec::zstd, skippable, content.size());
  for (const std::uint8_t older : {0x22, 0x23, 0x24, 0x25, 0x26, 0x27}) {  // before version 0.8
    Bytes legacy = frame;
    legacy[0] = older;
    expect_corrupt(Codec::zstd, legacy, content.size());
  }
}

TEST_F(HostileChunkTest, AnUnknownCodecIsUnsupported) {
  const auto content = decompress_chunk(static_cast<Codec>(9), as_bytes("x"), 1, pool_);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Errc::unsupported);
}

TEST(Codecs, SayWhenTheOutputDoesNotFit) {
  const Bytes content = mixed_content(3000);
  Bytes room(10);
  EXPECT_FALSE(lz4_compress(content, room));
  EXPECT_FALSE(zstd_compress(content, 3, room));
  EXPECT_FALSE(zstd_compress(content, 3, {}));
}

}  // namespace
}  // namespace dcdn::compress
