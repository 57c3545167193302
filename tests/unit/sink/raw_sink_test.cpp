#include "sink/raw_sink.hpp"

#include "sink/manifest_window.hpp"
#include "support/sink_fixture.hpp"

namespace dcdn::test {
namespace {

/// One segment of chunks of 4 KiB, the third and fourth of them all zero, each of its chunks carried.
MadeObject with_a_hole(Bytes& content) {
  content = pattern(50'000, 8);
  std::fill(content.begin() + 8192, content.begin() + 16384, std::uint8_t{0});
  ObjectMaker maker(wire::ObjectKind::file, 4096, 100);
  return maker.carries_repeats().file("", content).finish();
}

TEST(RawSink, WhatLeavesOutRepeatsIsRefused) {
  const Output output;
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(sink->open().has_value());
  const MadeObject made = file_object(pattern(40'000, 4));
  const auto need = sink->add_segment(made.segments[0].segment, made.segments[0].id, {});
  ASSERT_FALSE(need.has_value());
  EXPECT_EQ(need.error().code, Errc::refused);
}

TEST(RawSink, ATreeIsRefusedWithTheWayOut) {
  auto sink = sink::make_raw_sink(1, wire::ObjectKind::tree);
  const auto answer = sink->open();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::refused);
  EXPECT_FALSE(answer.error().hint.empty());
}

TEST(RawSink, NothingLeavesBeforeItsTurn) {
  const Output output;
  Bytes content;
  const MadeObject made = with_a_hole(content);
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(sink->open().has_value());
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  for (std::size_t i = made.order.size(); i-- > 1;) ASSERT_TRUE(give(*sink, made, made.order[i]).has_value());
  EXPECT_TRUE(output.bytes().empty());
  EXPECT_FALSE(sink->complete());
  ASSERT_TRUE(give(*sink, made, made.order[0]).has_value());
  EXPECT_TRUE(sink->complete());
  EXPECT_EQ(output.bytes(), content);
  EXPECT_EQ(sink->bytes_done(), content.size());
  EXPECT_EQ(sink->object_id(), made.segments.back().id);
}

TEST(RawSink, AReconnectAsksOnlyForWhatIsMissing) {
  const Output output;
  ObjectMaker maker(wire::ObjectKind::file, 4096, 100);
  const MadeObject made = maker.carries_repeats().file("", pattern(20'480, 8)).finish();
  const MadeSegment& first = made.segments[0];
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(sink->add_segment(first.segment, first.id, first.frames).has_value());
  ASSERT_TRUE(give(*sink, made, made.order[2]).has_value());
  const auto answer = sink->open();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->ask);
  EXPECT_EQ(answer->plan, (std::vector<message::ChunkPlanStep>{{0, 4096}}));
  const auto need = sink->add_segment(first.segment, first.id, first.frames);
  ASSERT_TRUE(need.has_value());
  EXPECT_EQ(need->needed, (std::vector<bool>{true, true, false, true, true}));
}

TEST(RawSink, AManifestThatContradictsItsChunksIsCorrupt) {
  const Output output;
  ObjectMaker maker(wire::ObjectKind::file);
  const MadeObject made =
      maker.carries_repeats().file("", pattern(8192, 1), 0644, 1'234'567'890, true).finish();
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ASSERT_TRUE(add_all_segments(*sink, made).has_value());
  ASSERT_TRUE(give(*sink, made, made.order[0]).has_value());
  const auto written = give(*sink, made, made.order[1]);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, Errc::corrupt);
}

// The first chunk never comes, and what follows it goes on and on.
TEST(RawSink, WhatIsAnnouncedAheadIsBounded) {
  const Output output;
  auto sink = sink::make_raw_sink(output.fd(), wire::ObjectKind::file);
  ObjectMaker maker(wire::ObjectKind::file, 4096, 1);
  maker.carries_repeats().file("", pattern(40'960, 8));
  const MadeObject made = maker.finish();
  const Bytes frames(sink::ManifestWindow::kMostOpenBytes / 4 - 4096);  // and what it costs beside them
  std::size_t taken = 0;
  for (const MadeSegment& segment : made.segments) {
    const auto need = sink->add_segment(segment.segment, segment.id, frames);
    if (!need) {
      EXPECT_EQ(need.error().code, Errc::limit);
      break;
    }
    ++taken;
  }
  EXPECT_EQ(taken, 4u);
}

}  // namespace
}  // namespace dcdn::test
