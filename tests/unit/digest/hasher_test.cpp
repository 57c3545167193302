#include "digest/hasher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/text.hpp"

namespace dcdn::digest {
namespace {

struct Vector {
  std::size_t size;
  const char* digest;
};

// Input: byte i is i % 251, as in the official BLAKE3 test vectors. Digests: b3sum 1.2.0 (Debian 12), by
//   python3 -c 'import sys; sys.stdout.buffer.write(bytes(i % 251 for i in range(SIZE)))' | b3sum --no-names
constexpr Vector kCounting[] = {
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {2, "7b7015bb92cf0b318037702a6cdd81dee41224f734684c2c122cd6359cb1ee63"},
    {3, "e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f"},
    {63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b"},
    {64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"},
    {65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
    {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
    {3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"},
    {65536, "68d647e619a930e7b1082f74f334b0c65a315725569bdc123f0ee11881717bfe"},
    {262144, "d57dc906e20d3fd326ffaa85535500486f46a0979f5a323f028dcabfd381fd4a"},
    {1048576, "74cb441fd087764ca9c3694da742ebe30cbeb3060a17009ca81825c7a8d10343"},
};
Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  return bytes;
}

TEST(Blake3, PrintsWhatB3sumPrints) {
  for (const Vector& vector : kCounting)
    EXPECT_EQ(to_hex(blake3(counting(vector.size)).view()), vector.digest) << vector.size;
  EXPECT_EQ(to_hex(blake3(as_bytes("abc")).view()),
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
}

TEST(Hasher, PiecesOfAnySizeGiveTheSameDigest) {
  const Bytes bytes = counting(65536);
  for (const std::size_t piece : {1u, 7u, 63u, 64u, 65u, 1000u, 1024u, 1025u, 4096u, 65535u, 65536u}) {
    Hasher hasher;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      hasher.update(ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    EXPECT_EQ(hasher.digest(), blake3(bytes)) << piece;
  }
}

TEST(Hasher, EmptyUpdatesChangeNothing) {
  Hasher hasher;
  hasher.update({});
  EXPECT_EQ(to_hex(hasher.digest().view()), kCounting[0].digest);
}

TEST(Hasher, DigestMayBeAskedInBetween) {
  const Bytes bytes = counting(3072);
  Hasher hasher;
  hasher.update(ByteView(bytes).first(1025));
  EXPECT_EQ(to_hex(hasher.digest().view()),
            "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444");
  hasher.update(ByteView(bytes).subspan(1025));
  EXPECT_EQ(hasher.digest(), blake3(bytes));
}

TEST(Hasher, ACopyContinuesOnItsOwn) {
  const Bytes bytes = counting(2049);
  Hasher original;
  original.update(ByteView(bytes).first(1500));
  Hasher copy(original);
  Hasher assigned;
  assigned.update(as_bytes("forgotten"));
  assigned = copy;
  original.update(as_bytes("only here"));
  copy.update(ByteView(bytes).subspan(1500));
  assigned.update(ByteView(bytes).subspan(1500));
  EXPECT_EQ(copy.digest(), blake3(bytes));
  EXPECT_EQ(assigned.digest(), blake3(bytes));
  EXPECT_NE(original.digest(), blake3(bytes));
}

TEST(Hasher, AssignsToItself) {
  Hasher hasher;
  hasher.update(as_bytes("abc"));
  const Hasher& same = hasher;
  hasher = same;
  EXPECT_EQ(hasher.digest(), blake3(as_bytes("abc")));
}

TEST(IsAllZero, FindsTheOneByteThatIsNot) {
  EXPECT_TRUE(is_all_zero({}));
  for (const std::size_t size : {1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 100u, 4096u, 4099u}) {
    Bytes bytes(size, 0);
    EXPECT_TRUE(is_all_zero(bytes)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      bytes[at] = static_cast<std::uint8_t>(at % 255 + 1);
      EXPECT_FALSE(is_all_zero(bytes)) << size << " at " << at;
      bytes[at] = 0;
    }
  }
}

TEST(IsAllZero, ARepeatedByteIsNotZero) {
  for (const int value : {1, 0x80, 0xff})
    EXPECT_FALSE(is_all_zero(Bytes(5000, static_cast<std::uint8_t>(value))));
  Bytes repeats(5000, 0);  // equal to itself shifted by 16, and still not zero
  for (std::size_t i = 3; i < repeats.size(); i += 16) repeats[i] = 9;
  EXPECT_FALSE(is_all_zero(repeats));
}

TEST(IsAllZero, LooksOnlyInsideTheView) {
  Bytes bytes(100, 7);
  std::fill(bytes.begin() + 3, bytes.begin() + 90, std::uint8_t{0});
  EXPECT_TRUE(is_all_zero(ByteView(bytes).subspan(3, 87)));
  EXPECT_FALSE(is_all_zero(ByteView(bytes).subspan(3, 88)));
  EXPECT_FALSE(is_all_zero(ByteView(bytes).subspan(2, 87)));
}

}  // namespace
}  // namespace dcdn::digest
