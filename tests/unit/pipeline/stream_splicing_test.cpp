// Frames that are all honestly signed, and do not belong together.
#include <gtest/gtest.h>

#include "support/signed_stream.hpp"

namespace dcdn::pipeline {
namespace {

using test::Frames;
using test::kHold;
using test::kSigner;
using test::only_frames_of;
using test::SampleFrame;
using test::verify_frames;
using wire::FrameType;

Frames object(std::uint8_t seed) {
  return test::signed_by(
      kSigner, test::sample_stream(
                   {.chunks = 6, .chunk_bytes = 50, .chunks_per_segment = 2, .seed = seed, .name = "plan"}));
}

Frames joined(const Frames& first, const Frames& second) {
  Frames all = first;
  all.insert(all.end(), second.begin(), second.end());
  return all;
}

/// The place of the n-th frame of a type.
std::size_t nth(const Frames& frames, FrameType type, std::size_t n) {
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (frames[i].type == type && n-- == 0) return i;
  return frames.size();
}

/// A segment, its signature and its two chunks.
Frames with_part_of(Frames frames, const Frames& other, std::size_t segment) {
  const std::size_t at = nth(frames, FrameType::segment, segment);
  std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(at), 4,
              frames.begin() + static_cast<std::ptrdiff_t>(at));
  return frames;
}

TEST(StreamSplicing, APartOfAnotherObjectMakesNoWhole) {
  const Frames mine = object(1);
  const Frames other = object(2);
  for (std::size_t segment = 0; segment < 3; ++segment) {
    const auto outcome = verify_frames(with_part_of(mine, other, segment));
    EXPECT_EQ(outcome.code, Errc::incomplete) << segment << outcome.message;
    EXPECT_EQ(outcome.counts.objects, 0u);
  }
}

TEST(StreamSplicing, AnOldVersionDoesNotMixWithANewOne) {
  // The same object, but for its last segment.
  const Frames old = object(1);
  Frames changed = test::sample_stream(
      {.chunks = 6, .chunk_bytes = 51, .chunks_per_segment = 2, .seed = 1, .name = "plan"});
  const Frames fresh = test::signed_by(kSigner, changed);
  EXPECT_EQ(verify_frames(with_part_of(fresh, old, 2)).code, Errc::incomplete);
  // Both, whole, are two objects; each is what its signer made.
  const auto both = verify_frames(joined(old, fresh));
  EXPECT_EQ(both.code, Errc::nothing) << both.message;
  EXPECT_EQ(both.counts.objects, 2u);
}

TEST(StreamSplicing, ReplayedFramesChangeNothing) {
  const Frames frames = object(1);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    Frames again = frames;
    again.push_back(frames[i]);
    const auto outcome = verify_frames(again);
    EXPECT_EQ(outcome.code, Errc::nothing) << i << outcome.message;
    EXPECT_EQ(outcome.counts.objects, 1u);
    EXPECT_TRUE(only_frames_of(outcome.out, frames));
  }
}

TEST(StreamSplicing, SignaturesDoNotMove) {
  const Frames mine = object(1);
  const Frames other = object(2);
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      Frames bad = mine;
      bad[nth(bad, FrameType::signature, to)] = other[nth(other, FrameType::signature, from)];
      const auto outcome = verify_frames(bad);
      EXPECT_NE(outcome.code, Errc::nothing) << from << to;
      EXPECT_TRUE(only_frames_of(outcome.out, joined(mine, other)));
      if (from == to) continue;
      bad = mine;
      bad[nth(bad, FrameType::signature, to)] = mine[nth(mine, FrameType::signature, from)];
      // The last one vouches for all before it, wherever it stands.
      EXPECT_EQ(verify_frames(bad).code == Errc::nothing, to != 2) << from << to;
    }
  }
}

TEST(StreamSplicing, ChunksDoNotMove) {
  const Frames mine = object(1);
  const Frames other = object(2);
  for (std::size_t chunk = 0; chunk < 6; ++chunk) {
    Frames bad = mine;
    bad[nth(bad, FrameType::chunk, chunk)] = other[nth(other, FrameType::chunk, chunk)];
    const auto outcome = verify_frames(bad);
    EXPECT_NE(outcome.code, Errc::nothing);
    EXPECT_TRUE(only_frames_of(outcome.out, mine));
  }
}

TEST(StreamSplicing, SegmentsInAnyOrderAreOneObject) {
  // Order is no secret that a signature keeps: each segment says where it belongs.
  Frames frames = object(1);
  std::rotate(frames.begin(), frames.begin() + 4, frames.end());
  const auto outcome = verify_frames(frames);
  EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
  EXPECT_EQ(outcome.counts.objects, 1u);
}

TEST(StreamSplicing, AnEndWithoutItsSegmentsIsNoObject) {
  const Frames frames = object(1);
  const std::size_t last = nth(frames, FrameType::segment, 2);
  const Frames end(frames.begin() + static_cast<std::ptrdiff_t>(last), frames.end());
  EXPECT_EQ(verify_frames(end).code, Errc::incomplete);
}

TEST(StreamSplicing, WhenTheClockJumpsNothingChanges) {
  // Years back and forth within one object, and what no clock shows.
  const std::uint64_t times[] = {4'000'000'000, 0, ~std::uint64_t{0}, 1'700'000'000, 1};
  for (std::size_t shift = 0; shift < std::size(times); ++shift) {
    Frames frames;
    std::size_t at = shift;
    for (const SampleFrame& frame :
         test::sample_stream({.chunks = 10, .chunk_bytes = 50, .chunks_per_segment = 2})) {
      frames.push_back(frame);
      if (frame.type == FrameType::segment)
        frames.push_back(test::signature_over(frame, kSigner, times[at++ % std::size(times)]));
    }
    const auto outcome = verify_frames(frames);
    EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
    EXPECT_EQ(outcome.out, frames);
  }
}

}  // namespace
}  // namespace dcdn::pipeline
