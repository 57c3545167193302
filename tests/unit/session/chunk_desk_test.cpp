#include "session/chunk_desk.hpp"

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

}  // namespace
}  // namespace dcdn::session
