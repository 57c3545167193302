#include "pipeline/segment_builder.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "digest/hasher.hpp"
#include "wire/frame.hpp"

namespace dcdn::pipeline {
namespace {

wire::ObjectHeader stream_object() {
  return {wire::ObjectKind::stream, "log", true};
}
wire::ObjectHeader tree_object() {
  return {wire::ObjectKind::tree, "photos", false};
}

wire::ChunkRecord chunk(std::uint32_t size, unsigned seed = 0) {
  const std::string name = "chunk " + std::to_string(seed);
  const Digest digest = digest::blake3(as_bytes(name));
  return {wire::CodecId::raw, size, size, digest, digest};
}

wire::EntryBegin directory(std::string path) {
  wire::EntryBegin entry;
  entry.kind = wire::EntryKind::directory;
  entry.path = std::move(path);
  entry.mode = 0755;
  return entry;
}

/// Adds `record` until a segment is due; returns how many were needed.
template <class Make>
int count_until_due(SegmentBuilder& builder, Make make) {
  int count = 0;
  while (!builder.due() && count < 100'000) builder.add(make(count++));
  return count;
}

TEST(SegmentBuilder, IsDueAfter64Chunks) {
  SegmentBuilder builder(stream_object());
  EXPECT_EQ(count_until_due(builder, [](int) { return chunk(4096); }), 64);
}

TEST(SegmentBuilder, IsDueAfter512KiBOfContentAtFirstThen8MiB) {
  SegmentBuilder builder(stream_object());
  EXPECT_EQ(count_until_due(builder, [](int) { return chunk(1u << 17); }), 4);
  builder.cut(false);
  EXPECT_EQ(count_until_due(builder, [](int) { return chunk(1u << 20); }), 8);
  SegmentBuilder odd(stream_object());
  EXPECT_EQ(count_until_due(odd, [](int) { return chunk((1u << 17) - 1); }), 5);
  odd.cut(false);
  EXPECT_EQ(count_until_due(odd, [](int) { return chunk((1u << 20) - 1); }), 9);
}

TEST(SegmentBuilder, IsDueAfter1024EntriesAtFirstThen8192) {
  SegmentBuilder builder(tree_object());
  const auto entry = [](int i) { return directory("d" + std::to_string(10'000 + i)); };
  EXPECT_EQ(count_until_due(builder, entry), 1024);
  builder.cut(false);
  EXPECT_EQ(count_until_due(builder, entry), 8192);
}

// Even records that share nothing fit what a segment may hold; these share much, and are packed.
TEST(SegmentBuilder, IsDueAfterHalfAMiBOfNames) {
  SegmentBuilder builder(tree_object());
  const auto long_path = [](int i) {
    return directory(std::to_string(10'000 + i) + "/" + std::string(4000, 'p'));
  };
  const int count = count_until_due(builder, long_path);
  EXPECT_EQ(count, (512 << 10) / 4046 + 1);
  EXPECT_LT(builder.cut(false).body.size(), 20'000u);
}

TEST(SegmentBuilder, TheLongestRecordsStayWithinTheFormat) {
  SegmentBuilder builder(tree_object());
  const auto longest = [](int) {
    wire::EntryBegin entry;
    entry.kind = wire::EntryKind::symlink;
    entry.path = std::string(wire::kMaxPathBytes, 'p');
    entry.target = std::string(wire::kMaxPathBytes, 't');
    entry.mtime_ns = INT64_MIN;
    return entry;
  };
  count_until_due(builder, longest);
  EXPECT_LE(builder.cut(true).body.size(), wire::kMaxSegmentBody);
}

TEST(SegmentBuilder, HolesAloneNeverMakeOneDue) {
  SegmentBuilder builder(stream_object());
  for (int i = 0; i < 20'000; ++i) builder.add(wire::HoleRecord{1u << 20});
  EXPECT_FALSE(builder.due());
  const BuiltSegment built = builder.cut(true);
  ASSERT_EQ(built.segment.records.size(), 1u);
  EXPECT_EQ(std::get<wire::HoleRecord>(built.segment.records[0]).size, 20'000ull << 20);
}

TEST(SegmentBuilder, HolesAreJoinedOnlyWithTheirNeighbours) {
  SegmentBuilder builder(stream_object());
  builder.add(wire::HoleRecord{5});
  builder.add(chunk(4096));
  builder.add(wire::HoleRecord{6});
  builder.add(wire::HoleRecord{7});
  builder.add(wire::EntryEnd{18, {}});
  builder.add(wire::HoleRecord{8});
  const auto records = builder.cut(true).segment.records;
  ASSERT_EQ(records.size(), 5u);
  EXPECT_EQ(std::get<wire::HoleRecord>(records[0]).size, 5u);
  EXPECT_EQ(std::get<wire::HoleRecord>(records[2]).size, 13u);
  EXPECT_EQ(std::get<wire::HoleRecord>(records[4]).size, 8u);
}

TEST(SegmentBuilder, HolesDoNotJoinBeyondTheLargestObject) {
  SegmentBuilder builder(stream_object());
  builder.add(wire::HoleRecord{wire::kMaxObjectBytes - 1});
  builder.add(wire::HoleRecord{1});
  builder.add(wire::HoleRecord{1});
  EXPECT_EQ(builder.cut(true).segment.records.size(), 2u);
}

TEST(SegmentBuilder, HolesOfTwoSegmentsStayApart) {
  SegmentBuilder builder(stream_object());
  builder.add(wire::HoleRecord{5});
  EXPECT_EQ(builder.cut(false).segment.records.size(), 1u);
  builder.add(wire::HoleRecord{6});
  const BuiltSegment second = builder.cut(true);
  ASSERT_EQ(second.segment.records.size(), 1u);
  EXPECT_EQ(std::get<wire::HoleRecord>(second.segment.records[0]).size, 6u);
}

TEST(SegmentBuilder, StartsEmptyAndCountsAnewAfterEachCut) {
  SegmentBuilder builder(stream_object());
  EXPECT_TRUE(builder.empty());
  EXPECT_FALSE(builder.due());
  for (std::uint64_t index = 0; index < 5; ++index) {
    EXPECT_EQ(builder.next_index(), index);
    EXPECT_EQ(count_until_due(builder, [](int) { return chunk(4096); }), 64);
    EXPECT_FALSE(builder.empty());
    builder.cut(false);
    EXPECT_TRUE(builder.empty());
    EXPECT_FALSE(builder.due());
  }
}

std::vector<BuiltSegment> build_three() {
  SegmentBuilder builder(stream_object());
  std::vector<BuiltSegment> built;
  for (unsigned i = 0; i < 3; ++i) {
    if (i == 0) builder.add(wire::EntryBegin{});
    builder.add(chunk(5000 + i, i));
    if (i == 2) builder.add(wire::EntryEnd{15'003, digest::blake3(as_bytes("whole"))});
    built.push_back(builder.cut(i == 2));
  }
  return built;
}

TEST(SegmentBuilder, ChainsEachSegmentToTheOneBefore) {
  const auto built = build_three();
  EXPECT_EQ(built[0].segment.object, stream_object());
  EXPECT_TRUE(built[0].segment.stream.is_zero());
  EXPECT_TRUE(built[0].segment.previous.is_zero());
  for (std::size_t i = 0; i < built.size(); ++i) {
    EXPECT_EQ(built[i].segment.index, i);
    EXPECT_EQ(built[i].id, wire::segment_id(built[i].body));
    EXPECT_EQ(built[i].segment.final, i == 2);
    if (i == 0) continue;
    EXPECT_FALSE(built[i].segment.object);
    EXPECT_EQ(built[i].segment.stream, built[0].id);
    EXPECT_EQ(built[i].segment.previous, built[i - 1].id);
  }
}

TEST(SegmentBuilder, BodiesParseBackAndPassTheChecker) {
  wire::ManifestChecker checker;
  for (const BuiltSegment& built : build_three()) {
    const auto parsed = wire::parse_segment(built.body);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, built.segment);
    const auto checked = checker.add(*parsed, built.id);
    ASSERT_TRUE(checked) << checked.error().message;
  }
  EXPECT_TRUE(checker.finished());
  EXPECT_EQ(checker.last_id(), build_three().back().id);
}

TEST(SegmentBuilder, EqualInputGivesEqualBytes) {
  const auto first = build_three();
  const auto second = build_three();
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].body, second[i].body);
}

TEST(SegmentBuilder, TheFinalSegmentMayBeEmpty) {
  SegmentBuilder builder(stream_object());
  builder.add(chunk(4096));
  builder.cut(false);
  const BuiltSegment last = builder.cut(true);
  EXPECT_TRUE(last.segment.final);
  EXPECT_TRUE(last.segment.records.empty());
  EXPECT_TRUE(wire::parse_segment(last.body));
}

}  // namespace
}  // namespace dcdn::pipeline
