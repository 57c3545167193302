#include "wire/frame.hpp"

#include "base/checksum.hpp"
#include "base/text.hpp"
#include "unit/wire/wire_samples.hpp"

namespace dcdn::wire {
namespace {

TEST(Frame, HasTheDocumentedBytes) {
  const Bytes body{0x00};
  const Bytes frame = make_frame(FrameType::pause, body);
  ASSERT_EQ(frame.size(), kHeaderBytes + 1);
  EXPECT_EQ(to_hex(ByteView(frame).first(12)), "894443460146000001000000");
  const auto body_check = static_cast<std::uint32_t>(xxh3_64(body));
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(frame[12 + i], static_cast<std::uint8_t>(body_check >> (8 * i)));
  const std::uint64_t header_check = xxh3_64(ByteView(frame).first(16));
  for (unsigned i = 0; i < 8; ++i)
    EXPECT_EQ(frame[16 + i], static_cast<std::uint8_t>(header_check >> (8 * i)));
}

// XXH3-64 of nothing with seed 0, from the algorithm's own test values.
TEST(Frame, CheckOfAnEmptyBodyIsThePublishedValue) {
  EXPECT_EQ(xxh3_64({}), 0x2D06800538D394C2u);
  EXPECT_EQ(to_hex(ByteView(make_frame(FrameType::hello, {})).subspan(12, 4)), "c294d338");
}

TEST(Frame, HeaderOfPartsIsTheHeaderOfTheirConcatenation) {
  for (std::size_t size : {0u, 1u, 16u, 17u, 240u, 241u, 1024u, 70000u}) {
    const Bytes body = samples::noise(size, size);
    const ByteView view(body);
    const auto whole = frame_header(FrameType::chunk, {view});
    for (std::size_t cut : {std::size_t{0}, size / 3, size})
      EXPECT_EQ(frame_header(FrameType::chunk, {view.first(cut), {}, view.subspan(cut)}), whole) << size;
  }
}

TEST(Frame, AppendKeepsWhatIsThere) {
  Bytes out{1, 2, 3};
  append_frame(out, FrameType::stored, samples::noise(10, 1));
  EXPECT_EQ(out, samples::joined({Bytes{1, 2, 3}, make_frame(FrameType::stored, samples::noise(10, 1))}));
}

TEST(Frame, LimitsByType) {
  for (FrameType bulk :
       {FrameType::chunk, FrameType::repair_shard, FrameType::delta, FrameType::encrypted_chunk})
    EXPECT_EQ(body_limit(bulk), kMaxBody);
  EXPECT_EQ(body_limit(FrameType::segment), kMaxSegmentBody);
  for (FrameType small : {FrameType::signature, FrameType::want, static_cast<FrameType>(0xEE)})
    EXPECT_EQ(body_limit(small), kMaxSmallBody);
}

}  // namespace
}  // namespace dcdn::wire
