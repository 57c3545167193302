#include "wire/segment_looks.hpp"

#include <gtest/gtest.h>

#include "wire/manifest.hpp"

namespace dcdn::wire {
namespace {

SegmentLooks looks() {
  SegmentLooks looks;
  looks.segment.bytes[5] = 7;
  looks.zstd = 10504;
  looks.files = {{1, 0, 0, false},
                 {~std::uint64_t{0}, INT64_MIN, 999'999'999, true},
                 {5, INT64_MAX, 1, false},
                 {6, -1, 0, true}};
  return looks;
}

TEST(LooksOfASegment, SurviveAndDamageIsNoticed) {
  const Bytes body = encode(looks());
  const auto again = parse_looks(body);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, looks());
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(parse_looks(ByteView(body).first(size)).has_value()) << size;
  Bytes longer = body;
  longer.push_back(0);
  EXPECT_FALSE(parse_looks(longer).has_value());
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    Bytes flipped = body;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1u << (bit % 8)));
    const auto parsed = parse_looks(flipped);
    if (!parsed) continue;
    EXPECT_EQ(encode(*parsed), flipped) << "one value, one encoding; bit " << bit;
    EXPECT_NE(*parsed, looks());
  }
}

TEST(LooksOfASegment, NoneAndAsManyAsASegmentHas) {
  EXPECT_EQ(*parse_looks(encode(SegmentLooks{})), SegmentLooks{});
  SegmentLooks many;
  many.files.resize(kMaxEntries, {1u << 20, 1'700'000'000, 123'456'789, false});
  EXPECT_EQ(*parse_looks(encode(many)), many);
  many.files.emplace_back();
  EXPECT_FALSE(parse_looks(encode(many)).has_value());
}

TEST(LooksOfASegment, AnotherFormatIsNotGuessedAt) {
  Bytes body = encode(looks());
  body[0] = 2;
  const auto parsed = parse_looks(body);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace dcdn::wire
