#include "pipeline/chunk_packer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "digest/hasher.hpp"
#include "wire/frame.hpp"

namespace dcdn::pipeline {
namespace {

Buffer random_content(std::size_t size) {
  std::mt19937 generator(4);
  Buffer content = Buffer::allocate(size);
  for (auto& byte : content.writable()) byte = static_cast<std::uint8_t>(generator());
  return content;
}

Buffer text_content(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(text.size()) + "\n";
  return Buffer::copy_of(as_bytes(text).first(size));
}

Buffer with_byte_changed(const Buffer& buffer, std::size_t at) {
  Buffer changed = Buffer::copy_of(buffer.view());
  changed.writable()[at] ^= 1;
  return changed;
}

class ChunkPackerTest : public ::testing::Test {
 protected:
  void expect_corrupt(const wire::ChunkRecord& record, const Buffer& carried, const std::string& what) {
    const auto content = unpack_chunk(record, carried, pool_);
    ASSERT_FALSE(content) << what;
    EXPECT_EQ(content.error().code, Errc::corrupt);
    EXPECT_NE(content.error().message.find(what), std::string::npos) << content.error().message;
    EXPECT_EQ(content.error().message.rfind("chunk ", 0), 0u) << content.error().message;
  }
  BufferPool pool_{8u << 20};
};

TEST_F(ChunkPackerTest, RecordDescribesWhatIsCarried) {
  const Buffer content = text_content(100'000);
  for (const compress::CompressMode mode :
       {compress::CompressMode::automatic, compress::CompressMode::lz4, compress::CompressMode::zstd}) {
    const PackedChunk packed = pack_chunk(content, {mode, 3}, pool_);
    EXPECT_FALSE(packed.hole);
    EXPECT_EQ(packed.record.codec,
              mode == compress::CompressMode::lz4 ? wire::CodecId::lz4 : wire::CodecId::zstd);
    EXPECT_EQ(packed.record.content_size, 100'000u);
    EXPECT_EQ(packed.record.carried_size, packed.carried.size());
    EXPECT_EQ(packed.record.content, digest::blake3(content.view()));
    EXPECT_EQ(packed.record.carried, digest::blake3(packed.carried.view()));
    EXPECT_NE(packed.record.carried, packed.record.content);
  }
}

TEST_F(ChunkPackerTest, RawSharesTheContentInsteadOfCopyingIt) {
  const Buffer content = random_content(100'000);
  const PackedChunk packed = pack_chunk(content, {}, pool_);
  EXPECT_EQ(packed.record.codec, wire::CodecId::raw);
  EXPECT_EQ(packed.carried.view().data(), content.view().data());
  EXPECT_EQ(packed.record.carried_size, packed.record.content_size);
  EXPECT_EQ(packed.record.carried, packed.record.content);
  const auto back = unpack_chunk(packed.record, packed.carried, pool_);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->view().data(), content.view().data());
}

TEST_F(ChunkPackerTest, ZerosBecomeAHole) {
  for (const std::size_t size : {1u, 4096u, 1u << 20}) {
    Buffer content = Buffer::allocate(size);
    std::ranges::fill(content.writable(), std::uint8_t{0});
    const PackedChunk packed = pack_chunk(content, {}, pool_);
    EXPECT_TRUE(packed.hole);
    EXPECT_EQ(packed.record.content_size, size);
    EXPECT_TRUE(packed.carried.empty());
    content.writable()[size - 1] = 1;
    EXPECT_FALSE(pack_chunk(content, {}, pool_).hole);
  }
}

TEST_F(ChunkPackerTest, ContentComesBack) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{4096}, std::size_t{100'001}, wire::kMaxChunkContent}) {
    for (const Buffer& content : {text_content(size), random_content(size)}) {
      for (const compress::CompressMode mode :
           {compress::CompressMode::automatic, compress::CompressMode::none, compress::CompressMode::lz4}) {
        const PackedChunk packed = pack_chunk(content, {mode, 1}, pool_);
        const auto back = unpack_chunk(packed.record, packed.carried, pool_);
        ASSERT_TRUE(back) << size << " " << back.error().message;
        EXPECT_TRUE(std::ranges::equal(back->view(), content.view()));
      }
    }
  }
}

TEST_F(ChunkPackerTest, NamesWhatIsWrong) {
  for (const Buffer& content : {text_content(50'000), random_content(50'000)}) {
    const PackedChunk packed = pack_chunk(content, {}, pool_);
    const std::size_t size = packed.carried.size();
    expect_corrupt(packed.record, packed.carried.first(size - 1), "carried size");
    expect_corrupt(packed.record, Buffer(), "carried size");
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1})
      expect_corrupt(packed.record, with_byte_changed(packed.carried, at), "carried digest");
    wire::ChunkRecord record = packed.record;
    record.content.bytes[31] ^= 1;
    expect_corrupt(record, packed.carried, "content digest");
  }
}

TEST_F(ChunkPackerTest, AWrongContentSizeIsRefused) {
  for (const Buffer& content : {text_content(50'000), random_content(50'000)}) {
    const PackedChunk packed = pack_chunk(content, {}, pool_);
    for (const std::uint32_t size : {1u, 49'999u, 50'001u, 4u << 20}) {
      wire::ChunkRecord record = packed.record;
      record.content_size = size;
      const auto back = unpack_chunk(record, packed.carried, pool_);
      ASSERT_FALSE(back) << size;
      EXPECT_EQ(back.error().code, Errc::corrupt);
    }
    for (const std::uint32_t size : {0u, (4u << 20) + 1, 0xffffffffu}) {
      wire::ChunkRecord record = packed.record;
      record.content_size = size;
      expect_corrupt(record, packed.carried, "content size is out of range");
    }
  }
}

TEST_F(ChunkPackerTest, BytesThatMatchTheirDigestAndDoNotDecodeAreCorrupt) {
  const Buffer noise = random_content(1000);
  wire::ChunkRecord record{wire::CodecId::zstd, 50'000, 1000, {}, digest::blake3(noise.view())};
  expect_corrupt(record, noise, "zstd");
  record.codec = wire::CodecId::lz4;
  expect_corrupt(record, noise, "lz4");
}

TEST_F(ChunkPackerTest, WhatIsCarriedIsCheckedWithoutUnpackingIt) {
  const Buffer noise = random_content(1000);
  const wire::ChunkRecord record{wire::CodecId::zstd, 50'000, 1000, {}, digest::blake3(noise.view())};
  EXPECT_TRUE(check_carried(record, noise));
  EXPECT_FALSE(check_carried(record, noise.first(999)));
  EXPECT_FALSE(check_carried(record, with_byte_changed(noise, 500)));
  wire::ChunkRecord raw = pack_chunk(noise, {}, pool_).record;
  ASSERT_EQ(raw.codec, wire::CodecId::raw);
  EXPECT_TRUE(check_carried(raw, noise));
  raw.content.bytes[0] ^= 1;
  EXPECT_FALSE(check_carried(raw, noise));
}

TEST_F(ChunkPackerTest, AnUnknownCodecIsUnsupported) {
  const Buffer noise = random_content(1000);
  const wire::ChunkRecord record{static_cast<wire::CodecId>(7), 5000, 1000, {}, digest::blake3(noise.view())};
  const auto content = unpack_chunk(record, noise, pool_);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Errc::unsupported);
}

TEST_F(ChunkPackerTest, PrefixAndCarriedBytesAreAFrame) {
  const PackedChunk packed = pack_chunk(text_content(10'000), {}, pool_);
  const Buffer prefix = chunk_frame_prefix(packed.record, packed.carried);
  ASSERT_EQ(prefix.size(), wire::kHeaderBytes + 32);
  Bytes body(prefix.view().begin() + wire::kHeaderBytes, prefix.view().end());
  body.insert(body.end(), packed.carried.view().begin(), packed.carried.view().end());
  Bytes frame(prefix.view().begin(), prefix.view().begin() + wire::kHeaderBytes);
  frame.insert(frame.end(), body.begin(), body.end());
  EXPECT_EQ(frame, wire::make_frame(wire::FrameType::chunk, body));
  const auto parsed = parse_chunk_frame(Buffer::copy_of(body));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->carried_digest, packed.record.carried);
  EXPECT_TRUE(std::ranges::equal(parsed->carried.view(), packed.carried.view()));
}

TEST_F(ChunkPackerTest, ParsingAFrameCopiesNothing) {
  const Buffer body = random_content(5000);
  const auto parsed = parse_chunk_frame(body);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->carried.view().data(), body.view().data() + 32);
  EXPECT_EQ(parsed->carried.size(), 4968u);
}

TEST_F(ChunkPackerTest, AFrameWithoutBytesOrWithTooManyIsCorrupt) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32}, wire::kMaxChunkContent + 33}) {
    const auto parsed = parse_chunk_frame(Buffer::allocate(size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().code, Errc::corrupt);
  }
  EXPECT_TRUE(parse_chunk_frame(random_content(33)));
  EXPECT_TRUE(parse_chunk_frame(random_content(wire::kMaxChunkContent + 32)));
  EXPECT_FALSE(parse_chunk_frame(Buffer()));
}

}  // namespace
}  // namespace dcdn::pipeline
