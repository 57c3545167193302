// FrameReader on intact input, and in strict mode on damaged input. Recovery: frame_recovery_test.cpp.
#include "wire/frame_reader.hpp"

#include "base/checksum.hpp"
#include "support/memory_growth.hpp"
#include "unit/wire/wire_samples.hpp"

namespace dcdn::wire {
namespace {

using samples::joined;
using samples::noise;
using samples::read_all;
using samples::Reading;

const Bytes kSmall = joined({make_frame(FrameType::chunk, noise(40, 1)), make_frame(FrameType::pause, {}),
                             make_frame(FrameType::segment, noise(3, 2))});
constexpr std::size_t kEnds[] = {64, 88, 115};  // of the three frames of kSmall

// A header with any values and right checks.
Bytes forged_header(std::uint8_t version, FrameType type, std::uint16_t flags, std::uint32_t body_bytes,
                    ByteView body) {
  const auto good = frame_header(type, {body});
  Bytes header(good.begin(), good.end());
  header[4] = version;
  header[6] = static_cast<std::uint8_t>(flags);
  header[7] = static_cast<std::uint8_t>(flags >> 8);
  for (unsigned i = 0; i < 4; ++i) header[8 + i] = static_cast<std::uint8_t>(body_bytes >> (8 * i));
  const std::uint64_t check = xxh3_64(ByteView(header).first(16));
  for (unsigned i = 0; i < 8; ++i) header[16 + i] = static_cast<std::uint8_t>(check >> (8 * i));
  return header;
}

TEST(FrameReader, GivesEveryFrameWhateverThePushSize) {
  Bytes input = kSmall;
  append_frame(input, FrameType::chunk, noise(70000, 3));
  for (OnDamage mode : {OnDamage::strict, OnDamage::recover})
    for (std::size_t step : samples::kPushSizes) {
      const Reading reading = read_all(input, mode, step);
      ASSERT_FALSE(reading.error) << step;
      EXPECT_TRUE(reading.damage.empty());
      ASSERT_EQ(reading.frames.size(), 4u);
      EXPECT_EQ(reading.frames[0], std::pair(FrameType::chunk, noise(40, 1)));
      EXPECT_EQ(reading.frames[1], std::pair(FrameType::pause, Bytes()));
      EXPECT_EQ(reading.frames[2], std::pair(FrameType::segment, noise(3, 2)));
      EXPECT_EQ(reading.frames[3], std::pair(FrameType::chunk, noise(70000, 3)));
    }
}

TEST(FrameReader, AnEmptyInputHasNothingAndIsNoError) {
  for (OnDamage mode : {OnDamage::strict, OnDamage::recover}) EXPECT_EQ(read_all({}, mode), Reading{});
}

TEST(FrameReader, TheLongestBodyOfEveryTypeIsReadAndOneByteMoreIsNot) {
  for (int type = 0; type < 256; ++type) {
    const auto frame_type = static_cast<FrameType>(type);
    const std::size_t limit = body_limit(frame_type);
    if (limit == kMaxBody && frame_type != FrameType::chunk) continue;  // one of these is slow enough
    const Bytes body = noise(limit + 1, 5);
    const Reading fits = read_all(make_frame(frame_type, ByteView(body).first(limit)), OnDamage::strict);
    ASSERT_FALSE(fits.error) << type;
    EXPECT_EQ(fits.frames.at(0).second.size(), limit);
    const Reading over = read_all(make_frame(frame_type, body), OnDamage::strict);
    ASSERT_TRUE(over.error) << type;
    EXPECT_EQ(over.error->code, Errc::corrupt);
    EXPECT_TRUE(over.frames.empty());
  }
}

TEST(FrameReader, ALengthOverTheLimitIsRefusedFromTheHeaderAlone) {
  BufferPool pool(0);
  FrameReader reader(OnDamage::strict, pool);
  reader.push(forged_header(kVersion, FrameType::chunk, 0, 0xFFFFFFFFu, {}));
  auto step = reader.next();
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, Errc::corrupt);
  EXPECT_LE(reader.pending_bytes(), kHeaderBytes);
}

TEST(FrameReader, EveryTruncationIsAnErrorButTheOnesBetweenFrames) {
  for (std::size_t size = 0; size <= kSmall.size(); ++size)
    for (std::size_t step : {0u, 1u, 7u}) {
      const Reading reading = read_all(ByteView(kSmall).first(size), OnDamage::strict, step);
      std::size_t whole = 0;
      for (std::size_t end : kEnds) whole += end <= size ? 1 : 0;
      EXPECT_EQ(reading.frames.size(), whole) << size;
      const bool between = size == 0 || size == kEnds[0] || size == kEnds[1] || size == kEnds[2];
      ASSERT_EQ(reading.error.has_value(), !between) << size;
      if (between) continue;
      EXPECT_EQ(reading.error->code, Errc::corrupt);
      EXPECT_NE(reading.error->message.find("truncated"), std::string::npos) << reading.error->message;
    }
}

TEST(FrameReader, NoSingleBitFlipGivesAWrongFrame) {
  const Reading good = read_all(kSmall, OnDamage::strict);
  for (std::size_t bit = 0; bit < kSmall.size() * 8; ++bit) {
    Bytes input = kSmall;
    input[bit / 8] = static_cast<std::uint8_t>(input[bit / 8] ^ (1u << (bit % 8)));
    for (std::size_t step : {0u, 1u}) {
      const Reading reading = read_all(input, OnDamage::strict, step);
      ASSERT_TRUE(reading.error) << bit;
      EXPECT_EQ(reading.error->code, Errc::corrupt) << bit;
      std::size_t before = 0;
      for (std::size_t end : kEnds) before += end * 8 <= bit ? 1 : 0;
      ASSERT_EQ(reading.frames.size(), before) << bit;
      for (std::size_t i = 0; i < before; ++i) EXPECT_EQ(reading.frames[i], good.frames[i]);
    }
  }
}

TEST(FrameReader, UnknownTypesAndFlagsPass) {
  const Bytes body = noise(9, 6);
  const Bytes input =
      joined({forged_header(kVersion, static_cast<FrameType>(0xEE), 0xFFFF, 9, body), body, kSmall});
  for (std::size_t step : samples::kPushSizes) {
    const Reading reading = read_all(input, OnDamage::strict, step);
    ASSERT_FALSE(reading.error);
    ASSERT_EQ(reading.frames.size(), 4u);
    EXPECT_EQ(reading.frames[0], std::pair(static_cast<FrameType>(0xEE), body));
  }
}

TEST(FrameReader, AnotherVersionIsUnsupportedInBothModes) {
  for (std::uint8_t version : {0, 2, 255})
    for (OnDamage mode : {OnDamage::strict, OnDamage::recover})
      for (std::size_t step : {0u, 1u}) {
        const Bytes input = joined({kSmall, forged_header(version, FrameType::chunk, 0, 0, {}), kSmall});
        const Reading reading = read_all(input, mode, step);
        EXPECT_EQ(reading.frames.size(), 3u);
        ASSERT_TRUE(reading.error);
        EXPECT_EQ(reading.error->code, Errc::unsupported);
      }
}

TEST(FrameReader, WhatIsNoStreamIsRefusedAtItsFirstByte) {
  BufferPool pool(0);
  FrameReader reader(OnDamage::strict, pool);
  reader.push(as_bytes("P"));
  auto step = reader.next();
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, Errc::corrupt);
  EXPECT_NE(step.error().message.find("byte 0"), std::string::npos);
}

TEST(FrameReader, AnErrorIsGivenAgainAndNothingAfterIt) {
  BufferPool pool(0);
  FrameReader reader(OnDamage::strict, pool);
  reader.push(joined({kSmall, Bytes{'x'}, kSmall}));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(std::holds_alternative<Frame>(*reader.next()));
  ASSERT_FALSE(reader.next());
  reader.push(kSmall);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.finish());
}

TEST(FrameReader, CountsWhatItHolds) {
  BufferPool pool(0);
  FrameReader reader(OnDamage::strict, pool);
  EXPECT_EQ(reader.pending_bytes(), 0u);
  reader.push(ByteView(kSmall).first(10));
  EXPECT_EQ(reader.pending_bytes(), 10u);
  reader.push(ByteView(kSmall).subspan(10, 40));
  EXPECT_EQ(reader.pending_bytes(), 50u);
  reader.push(ByteView(kSmall).subspan(50));
  EXPECT_EQ(reader.pending_bytes(), kSmall.size());
  for (std::size_t left : {51u, 27u, 0u}) {
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.pending_bytes(), left);
  }
  EXPECT_TRUE(std::holds_alternative<NeedInput>(*reader.next()));
}

TEST(FrameReader, FramesOutliveTheReaderAndTheInput) {
  std::optional<Frame> kept;
  {
    BufferPool pool(1u << 20);
    FrameReader first(OnDamage::strict, pool);
    Bytes input = make_frame(FrameType::chunk, noise(5000, 7));
    first.push(ByteView(input).first(3000));
    FrameReader reader = std::move(first);
    reader.push(ByteView(input).subspan(3000));
    std::fill(input.begin(), input.end(), std::uint8_t{0});
    auto step = reader.next();
    ASSERT_TRUE(step);
    kept = std::get<Frame>(*step);
  }
  const ByteView body = kept->body.view();
  EXPECT_EQ(Bytes(body.begin(), body.end()), noise(5000, 7));
}

TEST(FrameReader, KnowsAStreamByItsFirstBytes) {
  EXPECT_TRUE(FrameReader::looks_like_stream(kSmall));
  EXPECT_TRUE(FrameReader::looks_like_stream(kMagic));
  EXPECT_FALSE(FrameReader::looks_like_stream(ByteView(kMagic).first(3)));
  EXPECT_FALSE(FrameReader::looks_like_stream({}));
  EXPECT_FALSE(FrameReader::looks_like_stream(as_bytes("%PDF-1.7")));
}

// 24 bytes may claim 4 MiB: what is reserved is what came.
TEST(FrameReader, AHeaderReservesNothingOfWhatItClaims) {
  Bytes begun = forged_header(kVersion, FrameType::chunk, 0, kMaxBody, {});
  begun.push_back(1);
  BufferPool pool(0);
  const test::MemoryGrowth growth;
  std::vector<FrameReader> readers;
  for (int i = 0; i < 20'000; ++i) {
    readers.emplace_back(OnDamage::strict, pool);
    readers.back().push(begun);
    ASSERT_EQ(readers.back().pending_bytes(), begun.size());
  }
  EXPECT_LT(growth.mapped_bytes(), 64u << 20);
}

TEST(FrameReader, ABodyThatComesByteByByteIsPutTogether) {
  const Bytes body = noise(100'000, 5);
  const Bytes frame = make_frame(FrameType::chunk, body);
  BufferPool pool(1u << 20);
  FrameReader reader(OnDamage::strict, pool);
  for (const std::uint8_t& byte : frame) reader.push(ByteView(&byte, 1));
  const auto step = reader.next();
  ASSERT_TRUE(step);
  const auto* found = std::get_if<Frame>(&*step);
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(std::ranges::equal(found->body.view(), body));
}

}  // namespace
}  // namespace dcdn::wire
