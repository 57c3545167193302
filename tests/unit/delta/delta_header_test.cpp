#include "delta/delta_header.hpp"

#include <gtest/gtest.h>

namespace dcdn::delta {
namespace {

DeltaHeader sample() {
  DeltaHeader header{Method::reference, {1000, {}}, {2000, {}}};
  header.basis.digest.bytes.fill(1);
  header.target.digest.bytes.fill(2);
  return header;
}

TEST(DeltaHeader, ComesBack) {
  const Bytes bytes = encode_delta_header(sample());
  EXPECT_EQ(bytes.size(), kDeltaHeader);
  EXPECT_TRUE(looks_like_delta(bytes));
  EXPECT_EQ(*parse_delta_header(bytes), sample());
}

TEST(DeltaHeader, RefusesWhatIsNone) {
  const Bytes good = encode_delta_header(sample());
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_delta_header(ByteView(good).first(size)));
  const auto code_with = [&](std::size_t at, std::uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    return parse_delta_header(bad).error().code;
  };
  EXPECT_EQ(code_with(0, 'D'), Errc::corrupt);
  EXPECT_EQ(code_with(11, '2'), Errc::unsupported);
  EXPECT_EQ(code_with(13, 3), Errc::unsupported);
  EXPECT_EQ(code_with(13, 0), Errc::corrupt) << "the same, but two files";
  EXPECT_EQ(code_with(21, 0xff), Errc::corrupt) << "too large a file";
  EXPECT_FALSE(looks_like_delta(as_bytes("dcdn")));
}

}  // namespace
}  // namespace dcdn::delta
