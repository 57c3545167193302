#include "pipeline/signature_cover.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/signed_stream.hpp"

namespace dcdn::pipeline {
namespace {

using test::kSigner;
using test::kStranger;
using About = SignatureCover::About;
using Covered = SignatureCover::Covered;

/// Segments 0 .. 3 of one object.
class SignatureCoverTest : public ::testing::Test {
 protected:
  SignatureCoverTest() {
    for (const test::SampleSegment& made :
         test::sample_segments({.chunks = 8, .chunk_bytes = 20, .chunks_per_segment = 2})) {
      segments_.push_back(*wire::parse_segment(made.frame.body));
      ids_.push_back(wire::segment_id(made.frame.body));
    }
  }
  static CoverRules rules() {
    return {.accepts = [](const NodeId& signer) { return signer == kSigner.id(); },
            .most_waiting = 100,
            .most_ahead = 100,
            .remembered = 100};
  }
  [[nodiscard]] wire::SegmentSignature signature(std::size_t segment,
                                                 const sign::SecretKey& key = kSigner) const {
    return *wire::sign_segment(key, ids_[0], segment, ids_[segment], 1);
  }
  Result<Covered> add(SignatureCover& cover, std::size_t segment) const {
    return cover.add_segment(ids_[segment], segments_[segment]);
  }
  [[nodiscard]] Covered ids(const std::vector<std::size_t>& which) const {
    Covered covered;
    for (const std::size_t i : which) covered.push_back(ids_[i]);
    return covered;
  }

  std::vector<wire::Segment> segments_;
  std::vector<Digest> ids_;
};

TEST_F(SignatureCoverTest, ASignatureCoversItsSegmentAndAllBefore) {
  SignatureCover cover(rules());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(*add(cover, i), Covered());
  EXPECT_EQ(*cover.add_signature(signature(1)), ids({1, 0}));
  EXPECT_TRUE(cover.is_covered(ids_[0]));
  EXPECT_FALSE(cover.is_covered(ids_[2]));
  EXPECT_EQ(*cover.add_signature(signature(2)), ids({2})) << "each is told once";
  EXPECT_EQ(*add(cover, 2), Covered()) << "and not again when it comes again";
  EXPECT_EQ(cover.waiting(), 0u);
}

TEST_F(SignatureCoverTest, AnyOrderCoversTheSame) {
  // Four segments and the last one's signature: whatever the order, all are covered at the end.
  std::vector<std::size_t> order = {0, 1, 2, 3, 4};
  do {
    SignatureCover cover(rules());
    Covered all;
    for (const std::size_t what : order) {
      const auto covered = what < 4 ? add(cover, what) : cover.add_signature(signature(3));
      ASSERT_TRUE(covered) << covered.error().message;
      all.insert(all.end(), covered->begin(), covered->end());
    }
    std::sort(all.begin(), all.end());
    Covered expected = ids_;
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(all, expected);
    EXPECT_TRUE(cover.ahead().empty());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(SignatureCoverTest, WithoutTheChainASignatureCoversOneSegment) {
  CoverRules alone = rules();
  alone.chain = false;
  SignatureCover cover(alone);
  ASSERT_TRUE(add(cover, 0) && add(cover, 1));
  EXPECT_EQ(*cover.add_signature(signature(1)), ids({1}));
  EXPECT_TRUE(cover.ahead().empty());
  EXPECT_EQ(cover.waiting(), 1u);
}

TEST_F(SignatureCoverTest, StrangersCoverNothingAndAreNotVerified) {
  SignatureCover cover(rules());
  ASSERT_TRUE(add(cover, 0));
  wire::SegmentSignature bad = signature(0, kStranger);
  bad.signature[3] ^= 1;
  EXPECT_FALSE(cover.standing_of(bad).accepted);
  EXPECT_EQ(*cover.add_signature(bad), Covered());
  CoverRules nobody = rules();
  nobody.accepts = {};
  SignatureCover closed(nobody);
  ASSERT_TRUE(add(closed, 0));
  EXPECT_EQ(*closed.add_signature(signature(0)), Covered());
}

TEST_F(SignatureCoverTest, ABadSignatureOfAnAcceptedKeyIsAnErrorInAnyOrder) {
  wire::SegmentSignature bad = signature(1);
  bad.signature[3] ^= 1;
  for (const bool segment_first : {true, false}) {
    SignatureCover cover(rules());
    if (segment_first) {
      ASSERT_TRUE(add(cover, 1));
    }
    EXPECT_EQ(cover.add_signature(bad).error().code, Errc::bad_signature);
  }
}

TEST_F(SignatureCoverTest, ASignatureAboutAnotherPlaceIsAnErrorInAnyOrder) {
  const auto wrong = *wire::sign_segment(kSigner, ids_[0], 2, ids_[1], 1);
  SignatureCover cover(rules());
  ASSERT_TRUE(add(cover, 1));
  EXPECT_EQ(cover.standing_of(wrong).about, About::elsewhere);
  EXPECT_EQ(cover.add_signature(wrong).error().code, Errc::bad_signature);
  SignatureCover other(rules());
  EXPECT_EQ(*other.add_signature(wrong), Covered());
  EXPECT_EQ(add(other, 1).error().code, Errc::bad_signature);
}

TEST_F(SignatureCoverTest, ASegmentThatNamesAnotherAsTheOneBeforeIsAnError) {
  // Signed by an accepted key, and at odds with the place that the segment before gives itself.
  wire::Segment skips = segments_[2];
  skips.index = 3;
  const Digest id = wire::segment_id(wire::encode_segment(skips));
  SignatureCover cover(rules());
  ASSERT_TRUE(add(cover, 1));
  ASSERT_TRUE(cover.add_segment(id, skips));
  const auto signature = *wire::sign_segment(kSigner, ids_[0], 3, id, 1);
  EXPECT_EQ(cover.add_signature(signature).error().code, Errc::bad_signature);
}

TEST_F(SignatureCoverTest, AsManyKeysAsRequiredMustHaveSigned) {
  CoverRules two = rules();
  two.accepts = [](const NodeId& signer) { return signer == kSigner.id() || signer == kStranger.id(); };
  two.required = 2;
  SignatureCover cover(two);
  ASSERT_TRUE(add(cover, 0) && add(cover, 1));
  EXPECT_EQ(*cover.add_signature(signature(1)), Covered());
  EXPECT_EQ(*cover.add_signature(signature(1)), Covered()) << "one key twice is not two";
  EXPECT_EQ(cover.signers_of(ids_[0]), std::set<NodeId>{kSigner.id()}) << "through the chain";
  EXPECT_EQ(*cover.add_signature(signature(0, kStranger)), ids({0}));
  EXPECT_EQ(*cover.add_signature(signature(1, kStranger)), ids({1}));
}

TEST_F(SignatureCoverTest, WhoIsNoLongerAcceptedCoversNothingThatComesLater) {
  const auto other = [](const NodeId& signer) { return signer == kStranger.id(); };
  SignatureCover cover(rules());
  ASSERT_TRUE(add(cover, 3));
  ASSERT_EQ(*cover.add_signature(signature(3)), ids({3}));
  ASSERT_TRUE(cover.add_signature(signature(1)));
  cover.set_accepts(other);
  for (const std::size_t i : {2u, 1u, 0u}) EXPECT_EQ(*add(cover, i), Covered()) << i;
  EXPECT_TRUE(cover.is_covered(ids_[3])) << "what is covered stays so";
  EXPECT_EQ(*cover.add_signature(signature(2, kStranger)), ids({2, 1, 0}));
}

TEST_F(SignatureCoverTest, WhoIsAcceptedIsAskedAnew) {
  bool revoked = false;
  CoverRules asked = rules();
  asked.accepts = [&](const NodeId&) { return !revoked; };
  SignatureCover cover(asked);
  ASSERT_TRUE(add(cover, 0) && add(cover, 1));
  EXPECT_EQ(*cover.add_signature(signature(0)), ids({0}));
  revoked = true;
  EXPECT_EQ(*cover.add_signature(signature(1)), Covered());
}

TEST_F(SignatureCoverTest, WhereNothingNeedsASignatureEverySegmentIsCovered) {
  CoverRules any = rules();
  any.unsigned_is_fine = true;
  SignatureCover cover(any);
  EXPECT_EQ(*add(cover, 2), ids({2}));
  EXPECT_EQ(*add(cover, 0), ids({0}));
  EXPECT_EQ(cover.waiting(), 0u);
}

TEST_F(SignatureCoverTest, WhatItRemembersIsBounded) {
  CoverRules few = rules();
  few.most_waiting = 2;
  few.most_ahead = 1;
  SignatureCover waiting(few);
  ASSERT_TRUE(add(waiting, 0) && add(waiting, 1));
  EXPECT_TRUE(add(waiting, 1)) << "it waits already";
  EXPECT_EQ(add(waiting, 2).error().code, Errc::limit);
  SignatureCover ahead(few);
  ASSERT_TRUE(ahead.add_signature(signature(0)) && ahead.add_signature(signature(0)));
  EXPECT_EQ(ahead.add_signature(signature(1)).error().code, Errc::limit);
  few.remembered = 0;
  SignatureCover forgetful(few);
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(*add(forgetful, 0), Covered());
    EXPECT_EQ(*forgetful.add_signature(signature(0)), ids({0})) << round;
  }
}

}  // namespace
}  // namespace dcdn::pipeline
