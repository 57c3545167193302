#include <sys/mman.h>
#include <unistd.h>

#include "session/chunk_desk.hpp"
#include "sink/object_sink.hpp"
#include "sink/raw_sink.hpp"
#include "sink/stream_sink.hpp"
#include "source/packed_segment.hpp"
#include "unit/source/pack_fixture.hpp"
#include "wire/frame_reader.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::test {
namespace {

// A file that a sink writes to and the test reads back.
class Output {
 public:
  Output() : fd_(::memfd_create("dcdn-test", 0)) {}
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] Bytes bytes() const {
    Bytes all(static_cast<std::size_t>(::lseek(fd_.get(), 0, SEEK_END)));
    EXPECT_TRUE(read_full_at(fd_.get(), all, 0, "memfd").has_value());
    return all;
  }

 private:
  UniqueFd fd_;
};

MadeObject made_file(const Bytes& content) {
  ObjectMaker maker(wire::ObjectKind::file);
  maker.file("", content);
  return maker.finish();
}

Result<void> add_all_segments(sink::ObjectSink& sink, const MadeObject& made) {
  for (const MadeSegment& segment : made.segments) {
    DCDN_TRY(const auto need, sink.add_segment(segment.segment, segment.id, segment.frames));
    (void)need;
  }
  return {};
}

Result<void> give(sink::ObjectSink& sink, const MadeObject& made, const Digest& digest) {
  return sink.write_chunk(digest, made.chunks.at(digest), made.chunks.at(digest));
}

TEST(RawSink, ChunksInReverseComeOutInOrder) {
  const Output output;
  Bytes content = pattern(40'000, 4);
  std::fill(content.begin() + 8192, content.begin() + 16384, std::uint8_t{0});
  MadeObject made = made_file(content);
  made.segments[0].segment.object->repeats_omitted = false;
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(sink->open().has_value());
  // The maker's header says that repeats are left out, which a raw sink must refuse.
  auto refused = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  const MadeObject original = made_file(content);
  auto answer = refused->add_segment(original.segments[0].segment, original.segments[0].id, {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::refused);
}

TEST(RawSink, ATreeIsRefusedWithTheWayOut) {
  auto sink = sink::make_raw_sink(1, wire::ObjectKind::tree);
  const auto answer = sink->open();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::refused);
  EXPECT_FALSE(answer.error().hint.empty());
}

// A stream packed by our own packer, without repeats left out.
Packed packed_stream(const std::string& path) {
  auto request = file_request(path);
  request.object = {wire::ObjectKind::file, "name", false};
  return pack(request);
}

wire::Segment parsed(const source::PackedSegment& segment) {
  return *wire::parse_segment(
      segment.frames.view().subspan(wire::kHeaderBytes, Packed::body_bytes(segment.frames.view())));
}

TEST(RawSink, NothingLeavesBeforeItsTurn) {
  const TempDir dir;
  const Output output;
  Bytes content = pattern(50'000, 8);
  std::fill(content.begin() + 8192, content.begin() + 16384, std::uint8_t{0});
  write_bytes(dir.path() + "/f", content);
  const Packed packed = packed_stream(dir.path() + "/f");
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(sink->open().has_value());
  for (const auto& segment : packed.segments)
    ASSERT_TRUE(sink->add_segment(parsed(segment), segment.id, segment.frames.view()).has_value());
  const auto& chunks = packed.segments[0].chunks;
  for (std::size_t i = chunks.size(); i-- > 1;)
    ASSERT_TRUE(
        sink->write_chunk(chunks[i].record.carried, chunks[i].carried, chunks[i].carried).has_value());
  EXPECT_TRUE(output.bytes().empty());
  EXPECT_FALSE(sink->complete());
  ASSERT_TRUE(sink->write_chunk(chunks[0].record.carried, chunks[0].carried, chunks[0].carried).has_value());
  EXPECT_TRUE(sink->complete());
  EXPECT_EQ(output.bytes(), content);
  EXPECT_EQ(sink->bytes_done(), content.size());
  EXPECT_EQ(sink->object_id(), packed.id());
}

TEST(RawSink, AReconnectAsksOnlyForWhatIsMissing) {
  const TempDir dir;
  const Output output;
  write_bytes(dir.path() + "/f", pattern(20'480, 8));
  const Packed packed = packed_stream(dir.path() + "/f");
  const auto& first = packed.segments[0];
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(sink->add_segment(parsed(first), first.id, first.frames.view()).has_value());
  ASSERT_TRUE(
      sink->write_chunk(first.chunks[2].record.carried, first.chunks[2].carried, first.chunks[2].carried)
          .has_value());
  const auto answer = sink->open();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->ask);
  EXPECT_EQ(answer->plan, (std::vector<message::ChunkPlanStep>{{0, 4096}}));
  const auto need = sink->add_segment(parsed(first), first.id, first.frames.view());
  ASSERT_TRUE(need.has_value());
  EXPECT_EQ(need->needed, (std::vector<bool>{true, true, false, true, true}));
}

TEST(StreamSink, WritesAStreamThatReadsBackWhole) {
  const Output output;
  const Bytes content = pattern(60'000, 3);
  const MadeObject made = made_file(content);
  auto sink = sink::make_stream_sink(output.fd());
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  for (const auto& [digest, chunk] : made.chunks) ASSERT_TRUE(give(*sink, made, digest).has_value());
  EXPECT_TRUE(sink->complete());
  EXPECT_EQ(sink->bytes_done(), content.size());
  BufferPool pool(0);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  reader.push(output.bytes());
  std::size_t chunks = 0;
  for (;;) {
    auto step = reader.next();
    ASSERT_TRUE(step.has_value());
    const auto* frame = std::get_if<wire::Frame>(&*step);
    if (frame == nullptr) break;
    if (frame->type == wire::FrameType::chunk) ++chunks;
  }
  EXPECT_EQ(chunks, made.chunks.size());
}

TEST(ChunkDesk, AChunkBeforeItsSegmentIsHeldWithItsCredit) {
  const Output output;
  const MadeObject made = made_file(pattern(4096, 3));
  session::ChunkDesk desk;
  BufferPool pool(0);
  std::shared_ptr<sink::ObjectSink> sink = sink::make_stream_sink(output.fd());
  desk.add(7, sink);
  const auto& [digest, content] = *made.chunks.begin();
  int credits = 0;
  EXPECT_TRUE(desk.take({digest, content}, pool, [&] { ++credits; }).changed.empty());
  EXPECT_EQ(credits, 0);
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  const auto outcome = desk.take_held({digest}, pool);
  EXPECT_EQ(outcome.changed, std::vector<std::uint32_t>{7});
  EXPECT_EQ(credits, 1);
  EXPECT_TRUE(sink->complete());
}

TEST(ChunkDesk, ASecondCopyIsThrownAwayAndMissedOnlyIfWantedAfterAll) {
  const Output output;
  const MadeObject made = made_file(pattern(4096, 3));
  session::ChunkDesk desk;
  BufferPool pool(0);
  std::shared_ptr<sink::ObjectSink> sink = sink::make_stream_sink(output.fd());
  desk.add(1, sink);
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  const auto& [digest, content] = *made.chunks.begin();
  int credits = 0;
  const auto credit = [&] { ++credits; };
  EXPECT_EQ(desk.take({digest, content}, pool, credit).changed.size(), 1u);
  EXPECT_TRUE(desk.take({digest, content}, pool, credit).changed.empty());
  EXPECT_EQ(credits, 2);
  EXPECT_TRUE(desk.take_held({digest}, pool).lost);
}

TEST(ChunkDesk, AChunkThatIsNotWhatItClaimsFailsItsObject) {
  const Output output;
  const MadeObject made = made_file(pattern(4096, 3));
  session::ChunkDesk desk;
  BufferPool pool(0);
  std::shared_ptr<sink::ObjectSink> sink = sink::make_stream_sink(output.fd());
  desk.add(1, sink);
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  const Buffer other = Buffer::copy_of(pattern(4096, 99));
  const auto outcome = desk.take({made.chunks.begin()->first, other}, pool, [] {});
  ASSERT_EQ(outcome.failed.size(), 1u);
  EXPECT_EQ(outcome.failed[0].second.code, Errc::corrupt);
  EXPECT_FALSE(sink->complete());
}

}  // namespace
}  // namespace dcdn::test
