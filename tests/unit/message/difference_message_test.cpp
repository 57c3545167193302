#include "message/difference_message.hpp"

#include "unit/wire/wire_samples.hpp"
#include "wire/frame.hpp"

namespace dcdn::message {

using namespace wire;  // the format that messages are made of
namespace {

using samples::digest_of;

// Round trip, and every truncation and bit flip is either refused or another value with one encoding.
template <class Message>
void sweep_same_or_refused(const Message& message) {
  const Bytes good = encode(message);
  const auto parsed = parse<Message>(good);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, message);
  const auto same_or_refused = [&](const Bytes& body) {
    const auto other = parse<Message>(body);
    if (!other) {
      EXPECT_EQ(other.error().code, Errc::corrupt);
      return;
    }
    EXPECT_NE(*other, message);
    EXPECT_EQ(encode(*other), body);
  };
  for (std::size_t size = 0; size < good.size(); ++size)
    same_or_refused(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes body = good;
    body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ (1u << (bit % 8)));
    same_or_refused(body);
  }
}

template <class Message>
void refused(const Message& message) {
  const auto parsed = parse<Message>(encode(message));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::corrupt);
}

TEST(DifferenceMessage, EveryMessageSurvivesAndDamageDoesNot) {
  sweep_same_or_refused(Differences{1});
  sweep_same_or_refused(BasisPiece{1, 2, 1000, 300, Bytes(70, 'x')});
  sweep_same_or_refused(Compare{1, 2, {{3, std::nullopt}, {4, 0}, {1, 300}}});
  sweep_same_or_refused(Compare{1, 2, {}});
  sweep_same_or_refused(Compare{1, 2, {{3, std::nullopt}}, 2});
  sweep_same_or_refused(Compare{1, 2, {}, 300});
  sweep_same_or_refused(Difference{digest_of("chunk"), 1, 2, DifferenceCodec::raw, 20, Bytes(20, 'x')});
  sweep_same_or_refused(Difference{digest_of("chunk"), 1, 2, DifferenceCodec::zstd, 1000, Bytes(20, 'x')});
  sweep_same_or_refused(
      Difference{digest_of("chunk"), 1, 2, DifferenceCodec::in_context, 10, Bytes(20, 'x')});
}

TEST(DifferenceMessage, RangesAreKept) {
  refused(Differences{0});
  refused(BasisPiece{1, 2, kMaxBasisBytes + 1, 0, Bytes(1)});
  refused(BasisPiece{1, 2, 0, 0, Bytes(1)});
  refused(BasisPiece{1, 2, 10, 0, {}});
  refused(BasisPiece{1, 2, 10, 4, Bytes(7)});
  refused(BasisPiece{1, 2, 10, 10, Bytes(1)});
  refused(BasisPiece{1, 2, kMaxBasisBytes, 0, Bytes(kMaxBasisPiece + 1)});
  EXPECT_TRUE(parse<BasisPiece>(encode(BasisPiece{1, 2, kMaxBasisBytes, 0, Bytes(kMaxBasisPiece)})));
  refused(Compare{1, 2, {{0, 1}}});
  refused(Compare{1, 2, {{wire::kMaxItems, 1}, {1, 2}}});
  refused(Compare{1, 2, std::vector<CompareRun>(kMaxCompareRuns + 1, CompareRun{1, 0})});
  EXPECT_TRUE(parse<Compare>(encode(Compare{1, 2, {{wire::kMaxItems, 1}}})));
  refused(Difference{{}, 1, 2, DifferenceCodec::raw, 20, Bytes(19)});
  refused(Difference{{}, 1, 2, DifferenceCodec::zstd, 20, Bytes(21)});
  refused(Difference{{}, 1, 2, DifferenceCodec::zstd, 20, {}});
  refused(Difference{{}, 1, 2, DifferenceCodec::zstd, wire::kMaxChunkContent + 1, Bytes(20)});
  refused(Difference{{}, 1, 2, DifferenceCodec::in_context, 20, Bytes(wire::kMaxChunkContent + 1)});
  refused(Difference{{}, 1, 2, static_cast<DifferenceCodec>(4), 20, Bytes(20)});
}

TEST(DifferenceMessage, WhatIsAllowedFitsAFrame) {
  const Compare longest{UINT32_MAX, UINT64_MAX,
                        std::vector<CompareRun>(kMaxCompareRuns, {2, UINT32_MAX - 1})};
  EXPECT_LE(encode(longest).size(), body_limit(wire::FrameType::compare));
  const BasisPiece piece{UINT32_MAX, UINT32_MAX, kMaxBasisBytes, kMaxBasisBytes, Bytes(kMaxBasisPiece)};
  EXPECT_LE(encode(piece).size(), body_limit(wire::FrameType::basis));
  const Difference difference{
      {}, 1, UINT32_MAX, DifferenceCodec::raw, wire::kMaxChunkContent, Bytes(wire::kMaxChunkContent)};
  EXPECT_LE(encode(difference).size(), body_limit(wire::FrameType::difference));
}

}  // namespace
}  // namespace dcdn::message
