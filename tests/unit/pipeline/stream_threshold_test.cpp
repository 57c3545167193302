#include <gtest/gtest.h>

#include <algorithm>

#include "support/signed_stream.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::pipeline {
namespace {

using test::Frames;
using test::key_number;
using test::kHold;
using test::kSigner;
using test::kStranger;
using test::SampleFrame;
using test::signature_over;
using test::signed_by;
using wire::FrameType;

/// Both keys sign where `signs` says so: by segment index, 1 for the first key, 2 for the second, 3 for both.
Frames signed_by_two(const Frames& frames, const std::vector<int>& signs) {
  Frames out;
  std::size_t index = 0;
  for (const SampleFrame& frame : frames) {
    out.push_back(frame);
    if (frame.type != FrameType::segment) continue;
    if (signs.at(index) & 1) out.push_back(signature_over(frame, kSigner));
    if (signs.at(index) & 2) out.push_back(signature_over(frame, kStranger));
    ++index;
  }
  return out;
}

test::VerifyOutcome verify_two(const Frames& frames) {
  return test::run_verifier(StreamVerifier({kSigner.id(), kStranger.id(), key_number(7).id()}, kHold, 2),
                            frames);
}

std::size_t content_frames(const Frames& frames) {
  return static_cast<std::size_t>(std::count_if(frames.begin(), frames.end(), [](const SampleFrame& frame) {
    return frame.type == FrameType::chunk || frame.type == FrameType::segment;
  }));
}

TEST(StreamVerifier, TwoPersonsMustHaveSignedEachSegmentOrALaterOne) {
  const Frames plain =
      test::sample_stream({.chunks = 6, .chunk_bytes = 100, .chunks_per_segment = 2});  // 3 segments
  const std::vector<int> good[] = {{3, 3, 3}, {1, 1, 3}, {0, 0, 3}, {1, 2, 3}, {2, 1, 3}};
  for (const auto& signs : good) {
    const auto outcome = verify_two(signed_by_two(plain, signs));
    EXPECT_EQ(outcome.code, Errc::nothing) << outcome.message;
    EXPECT_EQ(content_frames(outcome.out), plain.size());
  }
  const std::pair<std::vector<int>, std::size_t> bad[] = {
      {{1, 1, 1}, 0}, {{3, 3, 1}, 6}, {{1, 2, 0}, 3}, {{2, 2, 1}, 6}, {{0, 0, 0}, 0}};
  for (const auto& [signs, let_through] : bad) {
    const auto outcome = verify_two(signed_by_two(plain, signs));
    EXPECT_EQ(content_frames(outcome.out), let_through) << signs[0] << signs[1] << signs[2];
    EXPECT_EQ(outcome.code, let_through == plain.size() ? Errc::nothing : Errc::untrusted);
  }
}

TEST(StreamVerifier, OneKeyTwiceIsNotTwoPersons) {
  const Frames plain = test::sample_stream({.chunks = 2, .chunk_bytes = 100, .chunks_per_segment = 2});
  Frames twice;
  for (const SampleFrame& frame : signed_by(kSigner, plain)) {
    twice.push_back(frame);
    if (frame.type == FrameType::signature) twice.push_back(frame);
  }
  EXPECT_EQ(verify_two(twice).code, Errc::untrusted);
}

TEST(StreamVerifier, AKeyThatIsNoLongerAcceptedReleasesNothingMore) {
  const Frames plain = test::sample_stream({.chunks = 4, .chunk_bytes = 100, .chunks_per_segment = 2});
  const Frames frames = signed_by(kSigner, plain);
  StreamVerifier verifier({kSigner.id()}, kHold);
  std::vector<wire::Frame> released;
  std::size_t at = 0;
  for (; at < frames.size() / 2; ++at)
    ASSERT_TRUE(verifier.take({frames[at].type, Buffer::copy_of(frames[at].body)}, released));
  const std::size_t before = released.size();
  EXPECT_EQ(before, frames.size() / 2);
  verifier.set_accepted({kStranger.id()});
  for (; at < frames.size(); ++at)
    (void)verifier.take({frames[at].type, Buffer::copy_of(frames[at].body)}, released);
  EXPECT_EQ(released.size(), before);
  EXPECT_EQ(verifier.finish().error().code, Errc::untrusted);
}

/// Reads strictly and verifies, as `dcdn-sign verify` does. True if all of it was found good.
bool whole_and_good(const Bytes& stream, std::vector<wire::Frame>& out) {
  BufferPool pool(1u << 20);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  StreamVerifier verifier({kSigner.id()}, kHold);
  reader.push(stream);
  for (;;) {
    auto step = reader.next();
    if (!step) return false;
    auto* frame = std::get_if<wire::Frame>(&*step);
    if (frame == nullptr) break;
    if (!verifier.take(std::move(*frame), out)) return false;
  }
  return reader.finish() && verifier.finish();
}

TEST(SignedStream, EverySingleBitFlipIsRefused) {
  Bytes stream;
  for (const SampleFrame& frame :
       signed_by(kSigner, test::sample_stream({.chunks = 1, .chunk_bytes = 20, .chunks_per_segment = 1}))) {
    wire::append_frame(stream, frame.type, frame.body);
  }
  std::vector<wire::Frame> out;
  ASSERT_TRUE(whole_and_good(stream, out));
  for (std::size_t bit = 0; bit < stream.size() * 8; ++bit) {
    stream[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    out.clear();
    EXPECT_FALSE(whole_and_good(stream, out)) << "bit " << bit;
    stream[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
  }
}

}  // namespace
}  // namespace dcdn::pipeline
