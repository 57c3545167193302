#include "wire/signed_frames.hpp"

#include "base/byte_writer.hpp"
#include "unit/wire/wire_samples.hpp"

namespace dcdn::wire {
namespace {

using samples::digest_of;
using samples::key;

SegmentSignature good_signature() {
  auto made = sign_segment(key(1), digest_of("stream"), 7, digest_of("segment"), 1'793'491'200);
  EXPECT_TRUE(made);
  return *made;
}
Receipt good_receipt() {
  auto made = sign_receipt(key(2), key(1).id(), digest_of("object"), 12345, 1'793'491'200);
  EXPECT_TRUE(made);
  return *made;
}

TEST(SignedFrames, ASignatureSurvivesItsFrameAndVerifies) {
  const SegmentSignature signature = good_signature();
  EXPECT_EQ(signature.signer, key(1).id());
  const Bytes body = encode(signature);
  EXPECT_EQ(body.size(), 176u);
  const auto parsed = parse_segment_signature(body);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, signature);
  EXPECT_TRUE(verify_segment_signature(*parsed));
}

TEST(SignedFrames, AReceiptSurvivesItsFrameAndVerifies) {
  const Receipt receipt = good_receipt();
  EXPECT_EQ(receipt.receiver, key(2).id());
  EXPECT_EQ(receipt.sender, key(1).id());
  const Bytes body = encode(receipt);
  EXPECT_EQ(body.size(), 176u);
  const auto parsed = parse_receipt(body);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, receipt);
  EXPECT_TRUE(verify_receipt(*parsed));
}

TEST(SignedFrames, TheSignedMessagesAreTheDocumentedOnes) {
  const SegmentSignature s = good_signature();
  Bytes message;
  ByteWriter out(message);
  out.raw(as_bytes("dcdn signature 1\n"));
  out.raw(s.stream.view());
  out.fixed(std::uint64_t{7});
  out.raw(s.segment.view());
  out.fixed(std::uint64_t{1'793'491'200});
  EXPECT_TRUE(sign::verify_ed25519(s.signer, message, s.signature));

  const Receipt r = good_receipt();
  message.clear();
  out.raw(as_bytes("dcdn receipt 1\n"));
  out.raw(r.object.view());
  out.fixed(std::uint64_t{12345});
  out.raw(r.sender.view());
  out.fixed(std::uint64_t{1'793'491'200});
  EXPECT_TRUE(sign::verify_ed25519(r.receiver, message, r.signature));
}

TEST(SignedFrames, EveryBitOfASignatureCounts) {
  const Bytes good = encode(good_signature());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes body = good;
    body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ (1u << (bit % 8)));
    const auto parsed = parse_segment_signature(body);
    ASSERT_TRUE(parsed) << bit;
    const auto verified = verify_segment_signature(*parsed);
    ASSERT_FALSE(verified) << bit;
    EXPECT_EQ(verified.error().code, Errc::bad_signature);
  }
}

TEST(SignedFrames, EveryBitOfAReceiptCounts) {
  const Bytes good = encode(good_receipt());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes body = good;
    body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ (1u << (bit % 8)));
    const auto parsed = parse_receipt(body);
    if (!parsed) continue;  // a size over the limit
    ASSERT_FALSE(verify_receipt(*parsed)) << bit;
  }
}

TEST(SignedFrames, OneCannotPassForTheOther) {
  const SegmentSignature s = good_signature();
  const Receipt as_receipt{s.signer, key(1).id(), s.stream, s.index, s.time_s, s.signature};
  EXPECT_FALSE(verify_receipt(as_receipt));
  const Receipt r = good_receipt();
  const SegmentSignature as_signature{r.receiver, r.object, r.bytes, digest_of("x"), r.time_s, r.signature};
  EXPECT_FALSE(verify_segment_signature(as_signature));
}

TEST(SignedFrames, AnyOtherLengthIsRefused) {
  Bytes signature = encode(good_signature());
  Bytes receipt = encode(good_receipt());
  for (std::size_t size = 0; size < signature.size(); ++size) {
    EXPECT_FALSE(parse_segment_signature(ByteView(signature).first(size))) << size;
    EXPECT_FALSE(parse_receipt(ByteView(receipt).first(size))) << size;
  }
  signature.push_back(0);
  receipt.push_back(0);
  EXPECT_FALSE(parse_segment_signature(signature));
  EXPECT_FALSE(parse_receipt(receipt));
}

TEST(SignedFrames, SegmentZeroIsItsOwnStream) {
  const Digest id = digest_of("segment 0");
  EXPECT_TRUE(parse_segment_signature(encode(*sign_segment(key(1), id, 0, id, 1))));
  const auto parsed = parse_segment_signature(encode(*sign_segment(key(1), digest_of("other"), 0, id, 1)));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::corrupt);
}

TEST(SignedFrames, AReceiptForMoreThanAnObjectMayHoldIsRefused) {
  EXPECT_TRUE(parse_receipt(encode(*sign_receipt(key(2), key(1).id(), digest_of("o"), kMaxObjectBytes, 1))));
  EXPECT_FALSE(
      parse_receipt(encode(*sign_receipt(key(2), key(1).id(), digest_of("o"), kMaxObjectBytes + 1, 1))));
}

}  // namespace
}  // namespace dcdn::wire
