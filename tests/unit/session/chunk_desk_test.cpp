#include "session/chunk_desk.hpp"

#include "sink/raw_sink.hpp"
#include "sink/stream_sink.hpp"
#include "support/sink_fixture.hpp"

namespace dcdn::session {
namespace {

TEST(ChunkDesk, AChunkBeforeItsSegmentIsHeldWithItsCredit) {
  const test::Output output;
  const test::MadeObject made = test::file_object(test::pattern(4096, 3));
  ChunkDesk desk;
  BufferPool pool(0);
  std::shared_ptr<sink::ObjectSink> sink = sink::make_stream_sink(output.fd());
  desk.add(7, sink);
  const auto& [digest, content] = *made.chunks.begin();
  int credits = 0;
  EXPECT_TRUE(desk.take({digest, content}, pool, [&] { ++credits; }).changed.empty());
  EXPECT_EQ(credits, 0);
  ASSERT_TRUE(test::add_all_segments(*sink, made).has_value());
  const auto outcome = desk.take_held({digest}, pool);
  EXPECT_EQ(outcome.changed, std::vector<std::uint32_t>{7});
  EXPECT_EQ(credits, 1);
  EXPECT_TRUE(sink->complete());
}

TEST(ChunkDesk, ASecondCopyIsThrownAwayAndMissedOnlyIfWantedAfterAll) {
  const test::Output output;
  const test::MadeObject made = test::file_object(test::pattern(4096, 3));
  ChunkDesk desk;
  BufferPool pool(0);
  std::shared_ptr<sink::ObjectSink> sink = sink::make_stream_sink(output.fd());
  desk.add(1, sink);
  ASSERT_TRUE(test::add_all_segments(*sink, made).has_value());
  const auto& [digest, content] = *made.chunks.begin();
  int credits = 0;
  const auto credit = [&] { ++credits; };
  EXPECT_EQ(desk.take({digest, content}, pool, credit).changed.size(), 1u);
  EXPECT_TRUE(desk.take({digest, content}, pool, credit).changed.empty());
  EXPECT_EQ(credits, 2);
  EXPECT_TRUE(desk.take_held({digest}, pool).lost);
}

TEST(ChunkDesk, AChunkThatIsNotWhatItClaimsFailsItsObject) {
  const test::Output output;
  const test::MadeObject made = test::file_object(test::pattern(4096, 3));
  ChunkDesk desk;
  BufferPool pool(0);
  std::shared_ptr<sink::ObjectSink> sink = sink::make_stream_sink(output.fd());
  desk.add(1, sink);
  ASSERT_TRUE(test::add_all_segments(*sink, made).has_value());
  const Buffer other = Buffer::copy_of(test::pattern(4096, 99));
  const auto outcome = desk.take({made.chunks.begin()->first, other}, pool, [] {});
  ASSERT_EQ(outcome.failed.size(), 1u);
  EXPECT_EQ(outcome.failed[0].second.code, Errc::corrupt);
  EXPECT_FALSE(sink->complete());
}

/// Custody: keeps what is carried and must never see content.
class Carrying : public sink::ObjectSink {
 public:
  explicit Carrying(const test::MadeObject& made) : made_(made) {}
  bool needs_content() const override { return false; }
  Result<message::Answer> open() override { return message::Answer(); }
  Result<store::SegmentNeed> add_segment(const wire::Segment&, const Digest&, ByteView) override {
    return store::SegmentNeed();
  }
  std::optional<wire::ChunkRecord> wanted(const Digest& carried) const override {
    for (const test::MadeSegment& made : made_.segments)
      for (const wire::Record& record : made.segment.records)
        if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record); chunk && chunk->carried == carried)
          return *chunk;
    return std::nullopt;
  }
  Result<std::optional<Buffer>> past_of(const wire::ChunkRecord&, BufferPool&) override {
    return std::optional<Buffer>();  // needs no content
  }
  Result<void> write_chunk(const Digest&, const Buffer& content, const Buffer& carried) override {
    content_bytes += content.size();
    kept.emplace_back(carried.view().begin(), carried.view().end());
    return {};
  }
  std::uint64_t segments_done() const override { return 0; }
  std::uint64_t bytes_done() const override { return 0; }
  bool complete() const override { return false; }
  Result<std::string> finalize() override { return std::string(); }
  Result<void> discard() override { return {}; }
  Digest object_id() const override { return {}; }

  std::size_t content_bytes = 0;
  std::vector<Bytes> kept;

 private:
  const test::MadeObject& made_;
};

TEST(ChunkDesk, NothingIsUnpackedForASinkThatNeedsNoContent) {
  const test::MadeObject made = test::noise_object();
  const auto carrying = std::make_shared<Carrying>(made);
  ChunkDesk desk;
  BufferPool pool(0);
  desk.add(1, carrying);
  const auto& [digest, noise] = *made.chunks.begin();
  EXPECT_EQ(desk.take({digest, noise}, pool, [] {}).changed, std::vector<std::uint32_t>{1});
  ASSERT_EQ(carrying->kept.size(), 1u);
  EXPECT_EQ(carrying->kept[0], Bytes(noise.view().begin(), noise.view().end()));
  EXPECT_EQ(carrying->content_bytes, 0u);
}

TEST(ChunkDesk, WhatIsCarriedIsCheckedForASinkThatNeedsNoContentAsWell) {
  const test::MadeObject made = test::noise_object();
  const auto& [digest, noise] = *made.chunks.begin();
  for (const std::size_t size : {noise.size() - 1, noise.size() + 1, noise.size()}) {
    SCOPED_TRACE(size);
    const auto carrying = std::make_shared<Carrying>(made);
    ChunkDesk desk;
    BufferPool pool(0);
    desk.add(1, carrying);
    const auto outcome = desk.take({digest, Buffer::copy_of(test::pattern(size, 78))}, pool, [] {});
    ASSERT_EQ(outcome.failed.size(), 1u);
    EXPECT_EQ(outcome.failed[0].second.code, Errc::corrupt);
    EXPECT_TRUE(carrying->kept.empty());
  }
}

// Side by side: each is given what it needs.
TEST(ChunkDesk, ASinkThatNeedsContentIsGivenNothingThatDoesNotUnpack) {
  const test::Output output;
  const test::MadeObject made = test::noise_object();
  const auto carrying = std::make_shared<Carrying>(made);
  const std::shared_ptr<sink::ObjectSink> raw = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(test::add_all_segments(*raw, made).has_value());
  ChunkDesk desk;
  BufferPool pool(0);
  desk.add(1, carrying);
  desk.add(2, raw);
  const auto& [digest, noise] = *made.chunks.begin();
  const auto outcome = desk.take({digest, noise}, pool, [] {});
  EXPECT_EQ(outcome.changed, std::vector<std::uint32_t>{1});
  ASSERT_EQ(outcome.failed.size(), 1u);
  EXPECT_EQ(outcome.failed[0].first, 2u);
  EXPECT_EQ(outcome.failed[0].second.code, Errc::corrupt);
  EXPECT_TRUE(output.bytes().empty());
}

}  // namespace
}  // namespace dcdn::session
