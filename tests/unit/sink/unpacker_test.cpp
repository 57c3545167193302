#include "sink/unpacker.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "sink/raw_sink.hpp"
#include "support/signed_stream.hpp"

namespace dcdn::sink {
namespace {

using test::Frames;
using test::kSigner;
using test::kStranger;
using test::SampleFrame;
using test::SampleShape;
using test::signed_by;
using wire::FrameType;

/// An unpacker whose objects come out as bytes.
class Unpacking {
 public:
  explicit Unpacking(bool must_be_signed = false, std::uint64_t most_bytes = 0)
      : unpacker_(rules(must_be_signed, most_bytes), pool_) {
    if (must_be_signed) unpacker_.set_accepted({kSigner.id()});
  }
  Result<void> take(const SampleFrame& frame) {
    return unpacker_.take({frame.type, Buffer::copy_of(frame.body)});
  }
  Result<void> take(const Frames& frames) {
    for (const SampleFrame& frame : frames) DCDN_CHECK(take(frame));
    return {};
  }
  Errc finish() {
    const auto done = unpacker_.finish(0);
    return done ? Errc::nothing : done.error().code;
  }
  Unpacker& unpacker() { return unpacker_; }

  Bytes out;
  std::vector<UnpackedObject> objects;

 private:
  UnpackRules rules(bool must_be_signed, std::uint64_t most_bytes) {
    UnpackRules rules;
    const store::ReceiveLimits limits{most_bytes, 0, 0};
    rules.make_sink = [this, ledger = std::make_shared<store::PromiseLedger>(limits, nullptr)](
                          const std::string&, wire::ObjectKind kind) {
      return make_raw_sink(
          [this](const Buffer& bytes) {
            out.insert(out.end(), bytes.view().begin(), bytes.view().end());
            return Result<void>();
          },
          kind, {ledger->open()});
    };
    rules.delivered = [this](const UnpackedObject& object) { objects.push_back(object); };
    rules.must_be_signed = must_be_signed;
    return rules;
  }

  BufferPool pool_{1u << 20};
  Unpacker unpacker_;
};

const SampleShape kShape{.chunks = 6, .chunk_bytes = 50, .chunks_per_segment = 2, .name = "plan"};

TEST(Unpacker, AnyOrderMakesTheObject) {
  Frames frames = signed_by(kSigner, test::sample_stream(kShape));
  for (std::size_t turn = 0; turn < 2 * frames.size(); ++turn) {
    std::rotate(frames.begin(), frames.begin() + 1, frames.end());
    if (turn == frames.size()) std::reverse(frames.begin(), frames.end());
    for (const bool must_be_signed : {false, true}) {
      Unpacking unpacking(must_be_signed);
      ASSERT_TRUE(unpacking.take(frames)) << turn;
      EXPECT_EQ(unpacking.finish(), Errc::nothing) << turn;
      EXPECT_EQ(unpacking.out, test::sample_object(kShape));
      ASSERT_EQ(unpacking.objects.size(), 1u);
      EXPECT_EQ(unpacking.objects[0].name, "plan");
      EXPECT_EQ(unpacking.objects[0].bytes, unpacking.out.size());
    }
  }
}

TEST(Unpacker, NothingComesOutBeforeItsSignature) {
  const Frames frames = signed_by(kSigner, test::sample_stream({.chunks = 2, .chunks_first = true}));
  ASSERT_EQ(frames.back().type, FrameType::signature);
  Unpacking unpacking(true);
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
    ASSERT_TRUE(unpacking.take(frames[i]));
    EXPECT_TRUE(unpacking.out.empty()) << i;
  }
  EXPECT_EQ(unpacking.finish(), Errc::untrusted);
  ASSERT_TRUE(unpacking.take(frames.back()));
  EXPECT_EQ(unpacking.finish(), Errc::nothing);
}

TEST(Unpacker, OneSignatureAtTheEndDoesForAll) {
  Frames frames = test::sample_stream(kShape);
  const auto last = std::find_if(frames.rbegin(), frames.rend(),
                                 [](const SampleFrame& frame) { return frame.type == FrameType::segment; });
  frames.push_back(test::signature_over(*last, kSigner));
  Unpacking unpacking(true);
  ASSERT_TRUE(unpacking.take(frames));
  EXPECT_EQ(unpacking.finish(), Errc::nothing);
}

TEST(Unpacker, WhatAStrangerSignedIsUntrustedAndWhatWasChangedIsBad) {
  Unpacking strange(true);
  ASSERT_TRUE(strange.take(signed_by(kStranger, test::sample_stream(kShape))));
  EXPECT_EQ(strange.finish(), Errc::untrusted);
  EXPECT_TRUE(strange.out.empty());
  Frames frames = signed_by(kSigner, test::sample_stream(kShape));
  ASSERT_EQ(frames[1].type, FrameType::signature);
  frames[1].body.back() ^= 1;
  EXPECT_EQ(Unpacking(true).take(frames).error().code, Errc::bad_signature);
}

TEST(Unpacker, AKeyThatIsNoLongerAcceptedCoversNothingMore) {
  const Frames frames = signed_by(kSigner, test::sample_stream(kShape));
  Unpacking unpacking(true);
  const Frames later(frames.begin() + 8, frames.end());  // the last segment, signed, and its chunks
  ASSERT_EQ(later[0].type, FrameType::segment);
  ASSERT_TRUE(unpacking.take(later));
  unpacking.unpacker().set_accepted({kStranger.id()});
  ASSERT_TRUE(unpacking.take(Frames(frames.begin(), frames.begin() + 8)));
  EXPECT_EQ(unpacking.finish(), Errc::untrusted) << "neither by itself nor through the chain";
  EXPECT_TRUE(unpacking.out.empty());
}

TEST(Unpacker, WhatIsMissingCanComeLater) {
  Frames frames = test::sample_stream(kShape);
  ASSERT_EQ(frames[1].type, FrameType::chunk);
  SampleFrame damaged = frames[1];
  damaged.body.back() ^= 1;
  std::swap(frames[1], damaged);
  Unpacking unpacking;
  ASSERT_TRUE(unpacking.take(frames));
  EXPECT_EQ(unpacking.finish(), Errc::incomplete);
  EXPECT_GT(unpacking.unpacker().counts().damaged, 0u);
  ASSERT_TRUE(unpacking.take(damaged));
  EXPECT_EQ(unpacking.finish(), Errc::nothing);
  EXPECT_EQ(unpacking.out, test::sample_object(kShape));
}

TEST(Unpacker, NothingAtAllIsNoStream) {
  EXPECT_EQ(Unpacking().finish(), Errc::corrupt);
}

TEST(Unpacker, MoreContentThanMayComeOutIsRefusedBeforeItDoes) {
  Unpacking unpacking(false, 99);
  const auto taken = unpacking.take(test::sample_stream(kShape));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::limit);
  EXPECT_TRUE(unpacking.out.empty());
}

TEST(Unpacker, RecordsAreNotReadBeforeTheirSignature) {
  SampleFrame damaged = test::sample_stream(kShape)[0];
  ASSERT_EQ(damaged.type, FrameType::segment);
  damaged.body.pop_back();
  Unpacking of_nobody(true);
  EXPECT_TRUE(of_nobody.take(damaged).has_value());
  EXPECT_TRUE(of_nobody.take(test::signature_over(damaged, test::kStranger)).has_value());
  EXPECT_EQ(of_nobody.finish(), Errc::untrusted);
  Unpacking of_somebody(true);
  ASSERT_TRUE(of_somebody.take(damaged).has_value());
  const auto taken = of_somebody.take(test::signature_over(damaged, kSigner));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::corrupt);
}

TEST(Unpacker, SegmentsThatWaitForEverAreBounded) {
  // Each claims to come after one that nobody has.
  wire::Segment segment;
  segment.index = 7;
  segment.inside_file = true;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    wire::ChunkRecord chunk{wire::CodecId::raw, 1, 1, digest::blake3(as_bytes(std::to_string(i))), {}};
    chunk.carried = chunk.content;
    segment.records.emplace_back(chunk);
  }
  Unpacking unpacking;
  Result<void> taken;
  std::size_t bytes = 0;
  for (std::uint64_t i = 1; taken && bytes < (100u << 20); ++i) {
    segment.stream.bytes[0] = static_cast<std::uint8_t>(i);
    segment.stream.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    const SampleFrame frame{FrameType::segment, wire::encode_segment(segment)};
    bytes += frame.body.size();
    taken = unpacking.take(frame);
  }
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::limit);
}

TEST(Unpacker, SignaturesOfAWaitingSegmentAreBounded) {
  const Frames frames = test::sample_stream(kShape);
  ASSERT_EQ(frames[0].type, FrameType::segment);
  Unpacking unpacking(true);
  ASSERT_TRUE(unpacking.take(frames[0]));
  const SampleFrame signature = test::signature_over(frames[0], kStranger);
  Result<void> taken;
  for (std::size_t bytes = 0; taken && bytes < (100u << 20); bytes += signature.body.size())
    taken = unpacking.take(signature);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::limit);
}

// A stick that is read for the second time, or a stream that repeats itself for ever.
TEST(Unpacker, WhatComesAgainOfAWholeObjectIsPassedOver) {
  const Frames frames = signed_by(kSigner, test::sample_stream(kShape));
  Unpacking unpacking(true);
  for (std::size_t bytes = 0; bytes < (100u << 20);) {
    ASSERT_TRUE(unpacking.take(frames));
    for (const SampleFrame& frame : frames) bytes += 200 * frame.body.size();
    if (bytes > (50u << 20)) continue;
    ASSERT_TRUE(unpacking.take(Frames(200, frames[1])));  // its signature, and no more
  }
  EXPECT_EQ(unpacking.finish(), Errc::nothing);
  EXPECT_EQ(unpacking.objects.size(), 1u);
  EXPECT_EQ(unpacking.out, test::sample_object(kShape));
}

TEST(Unpacker, ObjectsThatAreBegunAndNotWholeAreBounded) {
  Unpacking unpacking;
  Result<void> taken;
  std::size_t begun = 0;
  for (; taken && begun < 2000; ++begun) {
    auto shape = kShape;
    shape.seed = static_cast<std::uint8_t>(begun);
    shape.name = "object " + std::to_string(begun);
    taken = unpacking.take(test::sample_stream(shape)[0]);
  }
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::limit);
  EXPECT_FALSE(taken.error().hint.empty());
  EXPECT_GT(begun, 200u);
}

}  // namespace
}  // namespace dcdn::sink
