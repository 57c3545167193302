#include "compress/reference_codec.hpp"

#include <gtest/gtest.h>

#include <random>

namespace dcdn::compress {
namespace {

Bytes random_bytes_of(std::size_t size, unsigned seed) {
  std::mt19937 engine(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine());
  return bytes;
}

TEST(ReferenceCodec, WhatIsInTheReferenceCostsNothing) {
  const Bytes reference = random_bytes_of(1u << 20, 1);
  Bytes content = reference;
  content.insert(content.begin() + 500000, 77, std::uint8_t{5});
  for (const int level : {1, 3, 9}) {
    const auto made = compress_against(reference, content, level, 1u << 20);
    ASSERT_TRUE(made);
    EXPECT_LT(made->size(), 2000u) << level;  // zstd 1.5.7 needs 1266, 1.5.4 less than 500
    Bytes back(content.size());
    ASSERT_TRUE(decompress_against(reference, made->view(), back));
    EXPECT_EQ(back, content);
  }
}

TEST(ReferenceCodec, KeepsItsLimit) {
  const Bytes content = random_bytes_of(1u << 20, 2);
  EXPECT_FALSE(compress_against({}, content, 3, 1u << 19));
  const Bytes reference = content;
  EXPECT_TRUE(compress_against(reference, content, 3, 1u << 19));
}

TEST(ReferenceCodec, AnotherReferenceOrAlteredBytesAreNoContent) {
  const Bytes reference = random_bytes_of(50000, 3);
  Bytes content = reference;
  content[100] ^= 1;
  const auto made = compress_against(reference, content, 3, 1u << 20);
  ASSERT_TRUE(made);
  Bytes back(content.size());
  EXPECT_FALSE(decompress_against(ByteView(reference).first(100), made->view(), back));
  EXPECT_FALSE(decompress_against(reference, made->view(), MutableByteView(back).first(49999)));
  EXPECT_FALSE(decompress_against(reference, made->view().first(made->size() - 1), back));
  EXPECT_FALSE(decompress_against(reference, as_bytes("not zstd at all"), back));
}

}  // namespace
}  // namespace dcdn::compress
