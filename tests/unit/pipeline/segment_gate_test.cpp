#include "pipeline/segment_gate.hpp"

#include <gtest/gtest.h>

#include "support/object_maker.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::test {
namespace {

constexpr Micros kNow{5'000'000};

class SegmentGateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ObjectMaker maker(wire::ObjectKind::file);
    maker.file("", pattern(10'000, 1));
    made_ = maker.finish();
  }
  static wire::Frame frame(wire::FrameType type, const Bytes& body) { return {type, Buffer::copy_of(body)}; }
  [[nodiscard]] wire::Frame segment_frame() const {
    return frame(wire::FrameType::segment, wire::encode_segment(made_.segments[0].segment));
  }
  [[nodiscard]] wire::SegmentSignature signature(const sign::SecretKey& key) const {
    return *wire::sign_segment(key, made_.segments[0].id, 0, made_.segments[0].id, 1);
  }
  static wire::Frame signed_frame(const wire::SegmentSignature& signature) {
    return frame(wire::FrameType::signature, wire::encode(signature));
  }

  MadeObject made_;
  sign::SecretKey peer_ = *sign::SecretKey::generate();
  sign::SecretKey stranger_ = *sign::SecretKey::generate();
  sign::Keyring trusted_;
};

TEST_F(SegmentGateTest, PassesWhatThePeerSigned) {
  pipeline::SegmentGate gate(peer_.id(), trusted_);
  ASSERT_FALSE(gate.take(segment_frame(), kNow)->has_value());
  const auto passed = gate.take(signed_frame(signature(peer_)), kNow);
  ASSERT_TRUE(passed.has_value() && passed->has_value());
  EXPECT_EQ((*passed)->id, made_.segments[0].id);
}

// Whoever has no key that counts reaches no decompressor: what is said of the records is found out after
// that.
TEST_F(SegmentGateTest, RecordsAreNotReadBeforeTheirSignature) {
  Bytes body = wire::encode_segment(made_.segments[0].segment);
  body.pop_back();
  ASSERT_FALSE(wire::parse_segment(body).has_value());
  const Digest id = wire::segment_id(body);
  pipeline::SegmentGate gate(peer_.id(), trusted_);
  ASSERT_TRUE(gate.take(frame(wire::FrameType::segment, body), kNow).has_value());
  const auto by = [&](const sign::SecretKey& key) { return *wire::sign_segment(key, id, 0, id, 1); };
  ASSERT_TRUE(gate.take(signed_frame(by(stranger_)), kNow).has_value());
  const auto passed = gate.take(signed_frame(by(peer_)), kNow);
  ASSERT_FALSE(passed.has_value());
  EXPECT_EQ(passed.error().code, Errc::corrupt);
}

TEST_F(SegmentGateTest, PassesWhatATrustedKeySignedButNoStrangers) {
  pipeline::SegmentGate gate(peer_.id(), trusted_);
  ASSERT_TRUE(gate.take(segment_frame(), kNow).has_value());
  EXPECT_FALSE(gate.take(signed_frame(signature(stranger_)), kNow)->has_value());
  const auto next = gate.take(segment_frame(), kNow);
  ASSERT_FALSE(next.has_value());
  EXPECT_EQ(next.error().code, Errc::untrusted);
  sign::Keyring ring;
  ASSERT_TRUE(ring.add({"friend", stranger_.id()}).has_value());
  pipeline::SegmentGate trusting(peer_.id(), ring);
  ASSERT_TRUE(trusting.take(segment_frame(), kNow).has_value());
  EXPECT_TRUE(trusting.take(signed_frame(signature(stranger_)), kNow)->has_value());
}

TEST_F(SegmentGateTest, RefusesASignatureOfSomethingElseOrOneThatWasChanged) {
  for (const int what : {0, 1, 2, 3}) {
    SCOPED_TRACE(what);
    pipeline::SegmentGate gate(peer_.id(), trusted_);
    ASSERT_TRUE(gate.take(segment_frame(), kNow).has_value());
    wire::SegmentSignature bad = signature(peer_);
    if (what == 0) bad.index = 1;
    if (what == 1) bad.stream.bytes[0] ^= 1;
    if (what == 2) bad.segment.bytes[0] ^= 1;
    if (what == 3) bad.signature[10] ^= 1;
    const auto taken = gate.take(signed_frame(bad), kNow);
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(exit_status(taken.error().code), 4);
  }
}

TEST_F(SegmentGateTest, GivesUpASegmentThatNobodySigns) {
  const Micros limit = pipeline::kSignatureWait;
  pipeline::SegmentGate gate(peer_.id(), trusted_);
  EXPECT_TRUE(gate.check(kNow + 2 * limit).has_value());  // nothing waits
  ASSERT_TRUE(gate.take(segment_frame(), kNow).has_value());
  EXPECT_TRUE(gate.check(kNow + limit - Micros(1)).has_value());
  EXPECT_EQ(gate.check(kNow + limit).error().code, Errc::untrusted);
  // A stranger's signature makes it no longer, the peer's ends it.
  ASSERT_TRUE(gate.take(signed_frame(signature(stranger_)), kNow + limit - Micros(1)).has_value());
  EXPECT_FALSE(gate.check(kNow + limit).has_value());
  ASSERT_TRUE((*gate.take(signed_frame(signature(peer_)), kNow + limit)).has_value());
  EXPECT_TRUE(gate.check(kNow + 2 * limit).has_value());
}

TEST_F(SegmentGateTest, StrangersCannotMakeItHoldMuch) {
  pipeline::SegmentGate gate(peer_.id(), trusted_);
  ASSERT_TRUE(gate.take(segment_frame(), kNow).has_value());
  const wire::Frame strange = signed_frame(signature(stranger_));
  Result<std::optional<pipeline::SegmentGate::Passed>> taken = gate.take(strange, kNow);
  for (int i = 0; i < 1000 && taken; ++i) taken = gate.take(strange, kNow);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Errc::limit);
}

}  // namespace
}  // namespace dcdn::test
