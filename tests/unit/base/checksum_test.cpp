#include "base/checksum.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/random.hpp"

namespace dcdn {
namespace {

TEST(Xxh3, IsTheUnseeded64BitVariant) {
  // As libxxhash 0.8.1 (Debian 12) gives them: another variant, seed or secret would not read our files.
  EXPECT_EQ(xxh3_64({}), 0x2d06800538d394c2u);
  EXPECT_EQ(xxh3_64(as_bytes("abc")), 0x78af5f94892f3950u);
}

TEST(Xxh3, SeesEveryFlippedBit) {
  Bytes bytes(300, 0x5a);
  std::set<std::uint64_t> seen{xxh3_64(bytes)};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_TRUE(seen.insert(xxh3_64(bytes)).second) << bit;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
  }
}

TEST(Random, FillsExactlyTheBytesAskedFor) {
  Bytes bytes(1000, 0);
  random_bytes(MutableByteView(bytes).subspan(1, 998));
  EXPECT_EQ(bytes.front(), 0);
  EXPECT_EQ(bytes.back(), 0);
  // 998 random bytes show some 250 of the 256 values; fewer than 200 does not happen.
  EXPECT_GT((std::set<std::uint8_t>(bytes.begin(), bytes.end())).size(), 200u);
  random_bytes({});
}

TEST(Random, FillsMoreThanOneCallGives) {
  Bytes bytes(1u << 20, 0);  // getrandom(2) may stop short above 256 bytes
  random_bytes(bytes);
  EXPECT_GT((std::set<std::uint8_t>(bytes.end() - 1000, bytes.end())).size(), 200u);
}

TEST(Random, NumbersDoNotRepeat) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_u64()).second);
}

}  // namespace
}  // namespace dcdn
