#include "pipeline/signature_batch.hpp"

#include <gtest/gtest.h>

#include "support/signed_stream.hpp"

namespace dcdn::pipeline {
namespace {

std::vector<wire::Frame> signed_frames(std::size_t chunks) {
  std::vector<wire::Frame> frames;
  for (const test::SampleFrame& frame :
       test::signed_by(test::kSigner, test::sample_stream({.chunks = chunks, .chunks_per_segment = 1})))
    frames.push_back({frame.type, Buffer::copy_of(frame.body)});
  return frames;
}

void one_after_the_other(std::size_t count, const std::function<void(std::size_t)>& job) {
  for (std::size_t i = 0; i < count; ++i) job(i);
}

TEST(SignatureBatch, FindsTheGoodOnesAmongTheFrames) {
  std::vector<wire::Frame> frames = signed_frames(4);
  std::size_t bad = 0;
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (frames[i].type == wire::FrameType::signature) bad = i;
  frames[bad].body.writable()[frames[bad].body.size() - 1] ^= 1;
  const std::vector<bool> good = SignatureBatch(one_after_the_other).check(frames);
  ASSERT_EQ(good.size(), frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i)
    EXPECT_EQ(good[i], frames[i].type == wire::FrameType::signature && i != bad) << i;
}

TEST(SignatureBatch, OneSignatureIsNoBatch) {
  SignatureBatch batch([](std::size_t, const auto&) { FAIL() << "one job for many threads"; });
  const std::vector<bool> good = batch.check(signed_frames(1));
  EXPECT_EQ(std::count(good.begin(), good.end(), true), 0);
}

}  // namespace
}  // namespace dcdn::pipeline
