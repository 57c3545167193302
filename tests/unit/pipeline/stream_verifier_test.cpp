#include "pipeline/stream_verifier.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/signed_stream.hpp"

namespace dcdn::pipeline {
namespace {

using test::Frames;
using test::key_number;
using test::kHold;
using test::kSigner;
using test::kStranger;
using test::SampleFrame;
using test::SampleShape;
using test::signature_over;
using test::signed_by;
using wire::FrameType;
using Outcome = test::VerifyOutcome;

Outcome verify(const Frames& frames, std::uint64_t hold = kHold) {
  return test::verify_frames(frames, hold);
}

Frames without(Frames frames, std::size_t at) {
  frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(at));
  return frames;
}

void expect_only_frames_of(const Frames& out, const Frames& honest) {
  EXPECT_TRUE(test::only_frames_of(out, honest));
}

TEST(StreamVerifier, PassesASignedStreamUnchanged) {
  for (const bool chunks_first : {false, true}) {
    for (const bool segments_first : {false, true}) {
      SampleShape shape{.chunks = 7, .chunk_bytes = 100, .chunks_per_segment = 3};
      shape.chunks_first = chunks_first;
      shape.segments_first = segments_first && !chunks_first;
      const Frames frames = signed_by(kSigner, test::sample_stream(shape));
      const Outcome outcome = verify(frames);
      EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
      EXPECT_EQ(outcome.out, frames);
      EXPECT_EQ(outcome.counts.objects, 1u);
      EXPECT_EQ(outcome.counts.segments, 3u);
      EXPECT_EQ(outcome.counts.chunks, 7u);
      EXPECT_EQ(outcome.counts.dropped, 0u);
    }
  }
}

TEST(StreamVerifier, EmptyObjectPasses) {
  const Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 0}));
  EXPECT_EQ(verify(frames).code, Errc::nothing);
}

TEST(StreamVerifier, NothingLeavesBeforeItsSignature) {
  const Frames frames =
      signed_by(kSigner, test::sample_stream({.chunks = 2, .chunk_bytes = 50, .chunks_first = true}));
  StreamVerifier verifier({kSigner.id()}, kHold);
  std::vector<wire::Frame> out;
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
    ASSERT_TRUE(verifier.take({frames[i].type, Buffer::copy_of(frames[i].body)}, out));
    EXPECT_TRUE(out.empty()) << i;
  }
  ASSERT_TRUE(verifier.take({frames.back().type, Buffer::copy_of(frames.back().body)}, out));
  EXPECT_EQ(out.size(), frames.size());
}

TEST(StreamVerifier, AnyFlippedBitOfAnyFrameFailsAndNothingForeignLeaves) {
  const Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 4, .chunk_bytes = 40}));
  for (std::size_t at = 0; at < frames.size(); ++at) {
    for (std::size_t byte = 0; byte < frames[at].body.size(); byte += 3) {
      Frames bad = frames;
      bad[at].body[byte] ^= 0x10;
      const Outcome outcome = verify(bad);
      EXPECT_NE(outcome.code, Errc::nothing) << at << " " << byte;
      expect_only_frames_of(outcome.out, frames);
    }
  }
}

TEST(StreamVerifier, AnyMissingFrameFails) {
  const Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 4, .chunk_bytes = 40}));
  for (std::size_t at = 0; at < frames.size(); ++at) {
    const Outcome outcome = verify(without(frames, at));
    // Without its own signature the first segment is covered by the second one's, through the chain.
    EXPECT_EQ(outcome.code, at == 1 ? Errc::nothing : Errc::incomplete) << at << outcome.message;
    expect_only_frames_of(outcome.out, frames);
  }
}

TEST(StreamVerifier, AnyTruncationFailsAndLeavesAVerifiedPrefix) {
  const Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 6, .chunk_bytes = 40}));
  for (std::size_t size = 0; size < frames.size(); ++size) {
    const Frames start(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(size));
    const Outcome outcome = verify(start);
    EXPECT_EQ(outcome.code, size == 1 ? Errc::untrusted : Errc::incomplete) << size << outcome.message;
    EXPECT_TRUE(std::equal(outcome.out.begin(), outcome.out.end(), frames.begin()));
  }
}

TEST(StreamVerifier, UnsignedAndStrangelySignedStreamsAreUntrusted) {
  const Frames plain = test::sample_stream({});
  const Outcome unsigned_one = verify(plain);
  EXPECT_EQ(unsigned_one.code, Errc::untrusted);
  EXPECT_TRUE(unsigned_one.out.empty());
  const Outcome strange = verify(signed_by(kStranger, plain));
  EXPECT_EQ(strange.code, Errc::untrusted);
  EXPECT_NE(strange.message.find(sign::to_text(kStranger.id())), std::string::npos) << strange.message;
  EXPECT_TRUE(strange.out.empty());
}

TEST(StreamVerifier, SecondSignersAreNoHarm) {
  const Frames plain = test::sample_stream({});
  const Frames both = signed_by(kStranger, signed_by(kSigner, plain));
  const Outcome outcome = verify(both);
  EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
  EXPECT_EQ(outcome.counts.dropped, 2u);
  EXPECT_EQ(outcome.out, signed_by(kSigner, plain));
}

TEST(StreamVerifier, SignatureOfAnotherSegmentDoesNotCover) {
  Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 2}));
  ASSERT_EQ(frames[1].type, FrameType::signature);
  frames[1] = signed_by(kSigner, test::sample_stream({.chunks = 2, .seed = 2}))[1];
  const Outcome outcome = verify(frames);
  EXPECT_EQ(outcome.code, Errc::untrusted) << outcome.message;
  EXPECT_EQ(outcome.out, Frames{frames[1]}) << "the signature itself is good";
}

TEST(StreamVerifier, SignatureAboutAnotherPlaceIsBad) {
  const Frames plain = test::sample_stream({});
  const Digest first = wire::segment_id(plain[0].body);
  Frames frames = signed_by(kSigner, plain);
  const std::size_t second = 4;
  ASSERT_EQ(frames[second].type, FrameType::segment);
  const Digest id = wire::segment_id(frames[second].body);
  frames[second + 1].body = wire::encode(*wire::sign_segment(kSigner, first, 2, id, 0));
  EXPECT_EQ(verify(frames).code, Errc::bad_signature);
  std::swap(frames[second], frames[second + 1]);
  EXPECT_EQ(verify(frames).code, Errc::bad_signature) << "also when the signature comes first";
}

TEST(StreamVerifier, OneSignatureCoversTheChainBeforeIt) {
  const Frames plain = test::sample_stream({.chunks = 6, .chunk_bytes = 40});
  Frames frames;
  for (const SampleFrame& frame : plain) {
    frames.push_back(frame);
    const bool last = frame.type == FrameType::segment && wire::parse_segment(frame.body)->final;
    if (last) frames.push_back(signature_over(frame, kSigner));
  }
  const Outcome outcome = verify(frames);
  EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
  EXPECT_EQ(outcome.out, frames);
  EXPECT_EQ(outcome.counts.segments, 3u);
  std::reverse(frames.begin(), frames.end());
  EXPECT_EQ(verify(frames).code, Errc::nothing) << verify(frames).message;
}

TEST(StreamVerifier, TheChainCoversOnlyWhatItNames) {
  const Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 4, .chunk_bytes = 40}));
  Frames bad = without(frames, 1);
  // A segment 0 that names another object, where the honest one stood.
  bad[0] = test::sample_stream({.chunks = 4, .chunk_bytes = 40, .name = "other"})[0];
  const Outcome outcome = verify(bad);
  EXPECT_NE(outcome.code, Errc::nothing);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), bad[0]), 0);
}

TEST(StreamVerifier, RepeatsAndMergesPass) {
  const Frames one = signed_by(kSigner, test::sample_stream({.chunks = 3}));
  const Frames two = signed_by(kSigner, test::sample_stream({.chunks = 3, .seed = 9}));
  Frames twice = one;
  twice.insert(twice.end(), one.begin(), one.end());
  EXPECT_EQ(verify(twice).out, twice);
  EXPECT_EQ(verify(twice).code, Errc::nothing);
  Frames merged = one;
  merged.insert(merged.end(), two.begin(), two.end());
  EXPECT_EQ(verify(merged).counts.objects, 2u);
  // Two halves that lack different frames of one object.
  Frames halves = without(one, 2);
  const Frames other_half = without(one, 3);
  halves.insert(halves.end(), other_half.begin(), other_half.end());
  EXPECT_EQ(verify(halves).code, Errc::nothing) << verify(halves).message;
}

TEST(StreamVerifier, AnyOrderPasses) {
  Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 5, .chunk_bytes = 30}));
  std::reverse(frames.begin(), frames.end());
  const Outcome outcome = verify(frames);
  EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
  EXPECT_EQ(outcome.out.size(), frames.size());
  expect_only_frames_of(outcome.out, frames);
}

TEST(StreamVerifier, RepeatedContentWithAndWithoutItsFrames) {
  for (const bool omit : {false, true}) {
    SampleShape shape{.chunks = 6, .chunk_bytes = 60};
    shape.repeat = true;
    shape.omit_repeats = omit;
    const Frames frames = signed_by(kSigner, test::sample_stream(shape));
    const Outcome outcome = verify(frames);
    EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
    EXPECT_EQ(outcome.out, frames);
  }
}

TEST(StreamVerifier, AnIntactChunkThatNobodySignedDoesNotLeave) {
  Frames frames = signed_by(kSigner, test::sample_stream({}));
  const SampleFrame foreign = test::sample_chunk_frame(as_bytes("not listed"));
  frames.insert(frames.begin() + 3, foreign);
  const Outcome outcome = verify(frames);
  EXPECT_EQ(outcome.code, Errc::untrusted) << outcome.message;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), foreign), 0);
}

TEST(StreamVerifier, OtherKindsOfFramesAreLeftOut) {
  Frames frames = signed_by(kSigner, test::sample_stream({}));
  const Frames good = frames;
  for (const int type : {0x10, 0x20, 0x45, 0x7f, 0xff})
    frames.insert(frames.begin() + 2, SampleFrame{static_cast<FrameType>(type), Bytes{1, 2, 3}});
  const Outcome outcome = verify(frames);
  EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
  EXPECT_EQ(outcome.out, good);
  EXPECT_EQ(outcome.counts.dropped, 5u);
}

TEST(StreamVerifier, HoldsNoMoreThanItMay) {
  const Frames frames = signed_by(
      kSigner,
      test::sample_stream({.chunks = 8, .chunk_bytes = 1000, .chunks_per_segment = 8, .chunks_first = true}));
  const std::uint64_t enough = 9 * (1000 + 32 + StreamVerifier::kFrameUpkeep) + frames[8].body.size();
  EXPECT_EQ(verify(frames, enough).code, Errc::nothing);
  const Outcome outcome = verify(frames, 4000);
  EXPECT_EQ(outcome.code, Errc::limit) << outcome.message;
  EXPECT_TRUE(outcome.out.empty());
}

TEST(StreamVerifier, AnEndlessUnsignedStreamIsUntrustedWhenTheHoldIsFull) {
  const Outcome outcome = verify(test::sample_stream({.chunks = 50, .chunk_bytes = 1000}), 8000);
  EXPECT_EQ(outcome.code, Errc::untrusted) << outcome.message;
  EXPECT_NE(outcome.message.find("8000"), std::string::npos);
}

TEST(StreamVerifier, WhatIsReleasedGivesItsRoomBack) {
  const Frames frames =
      signed_by(kSigner, test::sample_stream({.chunks = 200, .chunk_bytes = 1000, .chunks_first = true}));
  EXPECT_EQ(verify(frames, 8000).code, Errc::nothing) << verify(frames, 8000).message;
}

TEST(StreamVerifier, ASegmentAfterTheFinalOneIsCorrupt) {
  const Frames plain = test::sample_stream({.chunks = 2, .chunks_per_segment = 2});
  const Digest stream = wire::segment_id(plain[0].body);
  wire::Segment beyond;
  beyond.index = 1;
  beyond.stream = beyond.previous = stream;
  beyond.final = true;
  Frames frames = signed_by(kSigner, plain);
  const SampleFrame extra{FrameType::segment, wire::encode_segment(beyond)};
  frames.push_back(extra);
  frames.push_back(signature_over(extra, kSigner));
  EXPECT_EQ(verify(frames).code, Errc::corrupt);
}

}  // namespace
}  // namespace dcdn::pipeline
