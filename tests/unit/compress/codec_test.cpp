#include "compress/codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

namespace dcdn::compress {
namespace {

constexpr CompressMode kModes[] = {CompressMode::automatic, CompressMode::none, CompressMode::lz4,
                                   CompressMode::zstd};

Bytes random_content(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 generator(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(generator() >> 32);
  return bytes;
}

Bytes text_content(std::size_t size) {
  static constexpr std::string_view kWords[] = {"river ", "stone ",  "lantern ", "of ",
                                                "and ",   "winter ", "\n"};
  std::mt19937 generator(7);
  std::string text;
  while (text.size() < size) text += kWords[generator() % std::size(kWords)];
  text.resize(size);
  return {text.begin(), text.end()};
}

Bytes small_alphabet(std::size_t size, std::size_t symbols) {
  Bytes bytes = random_content(size, 3);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>('0' + byte % symbols);
  return bytes;
}

class CodecTest : public ::testing::Test {
 protected:
  Result<Buffer> decompress(const Compressed& packed, const Bytes& content) {
    const ByteView carried = packed.codec == Codec::raw ? ByteView(content) : packed.bytes.view();
    return decompress_chunk(packed.codec, carried, content.size(), pool_);
  }
  BufferPool pool_{8u << 20};
};

TEST_F(CodecTest, EveryModeGivesTheContentBack) {
  for (const std::size_t size :
       {0u, 1u, 2u, 15u, 16u, 17u, 100u, 4096u, 16384u, 16385u, 100'003u, 1u << 20}) {
    for (const Bytes& content : {Bytes(size, 'a'), random_content(size), text_content(size)}) {
      for (const CompressMode mode : kModes) {
        const Compressed packed = compress_chunk(content, {mode, 3}, pool_);
        const auto back = decompress(packed, content);
        ASSERT_TRUE(back) << size << " " << back.error().message;
        EXPECT_TRUE(std::ranges::equal(back->view(), content)) << size;
      }
    }
  }
}

TEST_F(CodecTest, KeepsOnlyWhatSavesASixteenth) {
  for (const std::size_t size : {1u, 16u, 17u, 20u, 40u, 64u, 200u, 5000u, 50'000u}) {
    for (std::size_t random_part = 0; random_part <= 16; ++random_part) {
      Bytes content = random_content(size * random_part / 16);
      content.resize(size, 'x');
      for (const CompressMode mode : kModes) {
        const Compressed packed = compress_chunk(content, {mode, 3}, pool_);
        if (packed.codec == Codec::raw) {
          EXPECT_TRUE(packed.bytes.empty());
        } else {
          EXPECT_LE(packed.bytes.size() * 16, size * 15) << size;
        }
      }
    }
  }
}

TEST_F(CodecTest, AsksTheCodecThatWasChosen) {
  const Bytes content = text_content(100'000);
  EXPECT_EQ(compress_chunk(content, {CompressMode::none, 3}, pool_).codec, Codec::raw);
  EXPECT_EQ(compress_chunk(content, {CompressMode::lz4, 3}, pool_).codec, Codec::lz4);
  EXPECT_EQ(compress_chunk(content, {CompressMode::zstd, 3}, pool_).codec, Codec::zstd);
  EXPECT_EQ(compress_chunk(content, {CompressMode::automatic, 3}, pool_).codec, Codec::zstd);
}

TEST_F(CodecTest, RandomBytesStayRaw) {
  for (const CompressMode mode : kModes)
    EXPECT_EQ(compress_chunk(random_content(262'144), {mode, 19}, pool_).codec, Codec::raw);
}

TEST_F(CodecTest, AHigherLevelIsUsed) {
  const Bytes content = text_content(1u << 20);
  const auto fast = compress_chunk(content, {CompressMode::zstd, 1}, pool_);
  const auto strong = compress_chunk(content, {CompressMode::zstd, 15}, pool_);
  const auto automatic = compress_chunk(content, {CompressMode::automatic, 15}, pool_);
  EXPECT_LT(strong.bytes.size(), fast.bytes.size());
  EXPECT_TRUE(std::ranges::equal(strong.bytes.view(), automatic.bytes.view()));
}

TEST_F(CodecTest, AutomaticMeetsACompressiblePartOfAMixedChunk) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{400'000}, std::size_t{750'000}}) {
    Bytes content = random_content(1u << 20);
    std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(at), 280'000, std::uint8_t{'z'});
    EXPECT_EQ(compress_chunk(content, {CompressMode::automatic, 3}, pool_).codec, Codec::zstd) << at;
  }
}

TEST_F(CodecTest, AutomaticSeesSmallAlphabetsWithoutRepeats) {
  for (const std::size_t symbols : {4u, 16u, 64u}) {
    const Bytes content = small_alphabet(262'144, symbols);
    const auto packed = compress_chunk(content, {CompressMode::automatic, 3}, pool_);
    EXPECT_EQ(packed.codec, Codec::zstd) << symbols;
    EXPECT_LT(packed.bytes.size(), content.size() * 8 / 10) << symbols;
  }
}

TEST_F(CodecTest, WhatCameBeforeLeavesNoTrace) {
  const Bytes content = text_content(200'000);
  for (const CompressMode mode : {CompressMode::automatic, CompressMode::lz4, CompressMode::zstd}) {
    const auto first = compress_chunk(content, {mode, 5}, pool_);
    (void)compress_chunk(random_content(70'000), {mode, 5}, pool_);
    (void)compress_chunk(text_content(3000), {mode, 19}, pool_);
    Compressed elsewhere;
    std::thread([&] { elsewhere = compress_chunk(content, {mode, 5}, pool_); }).join();
    const auto again = compress_chunk(content, {mode, 5}, pool_);
    EXPECT_TRUE(std::ranges::equal(first.bytes.view(), again.bytes.view()));
    EXPECT_TRUE(std::ranges::equal(first.bytes.view(), elsewhere.bytes.view()));
  }
}

TEST_F(CodecTest, ASmallResultDoesNotHoldALargeBlock) {
  const Bytes content(1u << 20, 'a');
  const auto packed = compress_chunk(content, {CompressMode::zstd, 3}, pool_);
  ASSERT_LT(packed.bytes.size(), 4096u);
  // The block of that size went back to the pool, which links it by its first bytes: the next one taken is
  // it, still with the rest of the frame.
  const Buffer block = pool_.take(1u << 20);
  EXPECT_EQ(block.view()[sizeof(void*)], packed.bytes.view()[sizeof(void*)]);
}

struct RequestRow {
  const char* text;
  CompressRequest request;
};

TEST(ParseCompressRequest, ReadsEveryForm) {
  const RequestRow kRows[] = {{"auto", {}},
                              {"none", {{CompressMode::none}, {}, false}},
                              {"lz4", {{CompressMode::lz4}, {}, false}},
                              {"zstd", {{CompressMode::zstd, 3}, {}, false}},
                              {"zstd:1", {{CompressMode::zstd, 1}, {}, false}},
                              {"zstd:19", {{CompressMode::zstd, 19}, {}, false}},
                              {"0", {{}, std::uint8_t{0}, false}},
                              {"4", {{}, std::uint8_t{4}, false}},
                              {"6", {{}, kBestRung, false}},
                              {"best", {{}, kBestRung, false}},
                              {"best,alone", {{}, kBestRung, true}},
                              {"auto,alone", {{}, {}, true}},
                              {"zstd:7,alone", {{CompressMode::zstd, 7}, {}, true}}};
  for (const RequestRow& row : kRows) {
    const auto request = parse_compress_request(row.text);
    ASSERT_TRUE(request) << row.text;
    EXPECT_EQ(*request, row.request) << row.text;
  }
}

TEST(CompressRequest, OnlyWhatFollowsTheLinkChangesItsRung) {
  for (const char* text : {"none", "lz4", "zstd", "zstd:9", "2", "best", "0"}) {
    const CompressRequest request = *parse_compress_request(text);
    EXPECT_FALSE(request.follows_link()) << text;
    for (std::uint8_t wanted = 0; wanted < 16; ++wanted) {
      EXPECT_EQ(request.rung_of(wanted), request.rung_of(0)) << text;
      EXPECT_EQ(request.choice_at(wanted), request.choice_at(0)) << text;
      EXPECT_EQ(request.past_bytes_at(wanted), request.past_bytes_at(0)) << text;
    }
  }
  const CompressRequest follows;
  for (std::uint8_t rung = 1; rung < kLadder.size(); ++rung) {
    EXPECT_EQ(follows.rung_of(rung), rung);
    EXPECT_EQ(follows.choice_at(rung).level, kLadder[rung].level);
    EXPECT_EQ(follows.past_bytes_at(rung), kLadder[rung].past_bytes);
    EXPECT_EQ(parse_compress_request("auto,alone")->past_bytes_at(rung), 0u);
  }
  EXPECT_EQ(follows.choice_at(0).mode, CompressMode::none);
  EXPECT_EQ(follows.rung_of(200), kBestRung) << "a plan of a later version";
}

TEST(ParseCompressRequest, RefusesAllElseAndSaysWhatThereIs) {
  for (const char* text : {"",
                           "Auto",
                           "gzip",
                           "auto ",
                           "lz4:1",
                           "zstd:",
                           "zstd:0",
                           "zstd:20",
                           "zstd:-1",
                           "zstd:+3",
                           "zstd:3x",
                           "zstd: 3",
                           "zstd:99999999999999999999",
                           "zstd:3:3",
                           "zstd:1\x1b[2J",
                           "7",
                           "-1",
                           "06",
                           "best ",
                           ",alone",
                           "best,",
                           "best,alon",
                           "gzip,alone",
                           "best,alone,"}) {
    const auto choice = parse_compress_request(text);
    ASSERT_FALSE(choice) << text;
    EXPECT_EQ(choice.error().code, Errc::usage);
    EXPECT_NE(choice.error().hint.find("zstd:1 to zstd:19"), std::string::npos);
    EXPECT_EQ(choice.error().message.find('\x1b'), std::string::npos);
  }
}

class AfterPast : public ::testing::TestWithParam<int> {
 protected:
  BufferPool pool_{1u << 20};
};

TEST_P(AfterPast, SharesWhatThePastHasAndNeedsIt) {
  const Bytes past = random_content(300'000);
  for (const std::size_t size : {1000u, 70'000u, 250'000u}) {
    const Bytes content(past.end() - static_cast<std::ptrdiff_t>(size), past.end());
    const auto packed =
        compress_chunk(content, {CompressMode::zstd, GetParam()}, pool_, Content::one_file, past);
    ASSERT_EQ(packed.codec, Codec::zstd_after);
    EXPECT_LT(packed.bytes.size(), 100u) << "random, but all of it was there before";
    const auto back = decompress_chunk(packed.codec, packed.bytes.view(), size, pool_, past);
    ASSERT_TRUE(back);
    EXPECT_TRUE(std::ranges::equal(back->view(), content));
    // Without it, or after something else, nothing is taken for right that is not.
    EXPECT_FALSE(decompress_chunk(packed.codec, packed.bytes.view(), size, pool_));
    const Bytes other = random_content(300'000, 7);
    const auto wrong = decompress_chunk(packed.codec, packed.bytes.view(), size, pool_, other);
    EXPECT_TRUE(!wrong || !std::ranges::equal(wrong->view(), content));
  }
}

TEST_P(AfterPast, TheSameInputGivesTheSameBytesWhateverCameBefore) {
  const Bytes past = text_content(1u << 20);
  const Bytes content = text_content(200'000);
  const CompressChoice choice{CompressMode::zstd, GetParam()};
  const auto first = compress_chunk(content, choice, pool_, Content::one_file, past);
  (void)compress_chunk(random_content(70'000), {CompressMode::zstd, 19}, pool_);
  // Also when the two lie next to each other in memory.
  Bytes both = past;
  both.insert(both.end(), content.begin(), content.end());
  const auto again = compress_chunk(ByteView(both).subspan(past.size()), choice, pool_, Content::one_file,
                                    ByteView(both).first(past.size()));
  const auto third = compress_chunk(ByteView(both).subspan(past.size()), choice, pool_, Content::one_file,
                                    ByteView(both).first(past.size()));
  ASSERT_EQ(again.codec, Codec::zstd_after);
  EXPECT_TRUE(std::ranges::equal(again.bytes.view(), third.bytes.view()));
  for (const Compressed* packed : {&first, &again}) {
    const auto back = decompress_chunk(packed->codec, packed->bytes.view(), content.size(), pool_, past);
    ASSERT_TRUE(back);
    EXPECT_TRUE(std::ranges::equal(back->view(), content));
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, AfterPast, ::testing::Values(1, 3, 9, 19));

}  // namespace
}  // namespace dcdn::compress
