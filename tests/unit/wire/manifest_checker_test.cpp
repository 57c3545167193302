#include "unit/wire/wire_samples.hpp"
#include "wire/manifest.hpp"

namespace dcdn::wire {
namespace {

using samples::digest_of;
using samples::directory;
using samples::file;
using samples::raw_chunk;
using samples::symlink;

Digest id_of(const Segment& segment) {
  return segment_id(samples::plain_body(segment));
}

Segment only_segment(ObjectKind kind, std::vector<Record> records, bool final = true) {
  Segment segment;
  segment.final = final;
  segment.object = ObjectHeader{kind, "name", false};
  segment.records = std::move(records);
  return segment;
}

Result<void> check_one(const Segment& segment) {
  ManifestChecker checker;
  auto added = checker.add(segment, id_of(segment));
  EXPECT_EQ(checker.started(), added.has_value());
  EXPECT_EQ(checker.finished(), added.has_value() && segment.final);
  return added;
}

void expect_refused(ObjectKind kind, std::vector<Record> records, std::string_view part_of_message,
                    bool final = true) {
  const auto added = check_one(only_segment(kind, std::move(records), final));
  ASSERT_FALSE(added) << part_of_message;
  EXPECT_EQ(added.error().code, Errc::corrupt);
  EXPECT_NE(added.error().message.find(part_of_message), std::string::npos) << added.error().message;
}

EntryBegin plain(std::optional<std::uint64_t> size = std::nullopt) {
  EntryBegin entry;
  entry.size = size;
  return entry;
}
EntryEnd ends(std::uint64_t size) {
  return {size, digest_of("content")};
}

TEST(ManifestChecker, FollowsAChain) {
  const auto chain = samples::tree_chain();
  ManifestChecker checker;
  EXPECT_FALSE(checker.started());
  for (const Segment& segment : chain) {
    EXPECT_FALSE(checker.finished());
    EXPECT_EQ(checker.next_index(), segment.index);
    const auto added = checker.add(segment, id_of(segment));
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_EQ(checker.last_id(), id_of(segment));
  }
  EXPECT_TRUE(checker.finished());
  EXPECT_EQ(checker.stream(), id_of(chain[0]));
  EXPECT_EQ(checker.kind(), ObjectKind::tree);
}

TEST(ManifestChecker, AnErrorLeavesItAsItWas) {
  const auto chain = samples::tree_chain();
  ManifestChecker checker;
  ASSERT_TRUE(checker.add(chain[0], id_of(chain[0])));
  Segment bad = chain[1];
  bad.records.push_back(ends(1));
  ASSERT_FALSE(checker.add(bad, id_of(bad)));
  EXPECT_EQ(checker.next_index(), 1u);
  EXPECT_EQ(checker.last_id(), id_of(chain[0]));
  ASSERT_TRUE(checker.add(chain[1], id_of(chain[1])));
  ASSERT_TRUE(checker.add(chain[2], id_of(chain[2])));
}

TEST(ManifestChecker, ABrokenChainIsRefused) {
  const auto chain = samples::tree_chain();
  ManifestChecker checker;
  EXPECT_FALSE(checker.add(chain[1], id_of(chain[1])));
  ASSERT_TRUE(checker.add(chain[0], id_of(chain[0])));
  EXPECT_FALSE(checker.add(chain[0], id_of(chain[0])));
  EXPECT_FALSE(checker.add(chain[2], id_of(chain[2])));
  Segment bad = chain[1];
  bad.stream = digest_of("another object");
  EXPECT_FALSE(checker.add(bad, id_of(bad)));
  bad = chain[1];
  bad.previous = digest_of("another segment");
  EXPECT_FALSE(checker.add(bad, id_of(bad)));
  bad = chain[1];
  bad.object = ObjectHeader{ObjectKind::tree, "again", false};
  EXPECT_FALSE(checker.add(bad, id_of(bad)));
  ASSERT_TRUE(checker.add(chain[1], id_of(chain[1])));
  bad = chain[2];
  bad.previous = id_of(chain[0]);  // skips segment 1
  EXPECT_FALSE(checker.add(bad, id_of(bad)));
}

TEST(ManifestChecker, NothingFollowsTheFinalSegment) {
  auto chain = samples::tree_chain();
  ManifestChecker checker;
  for (const Segment& segment : chain) ASSERT_TRUE(checker.add(segment, id_of(segment)));
  Segment more;
  more.index = 3;
  more.stream = id_of(chain[0]);
  more.previous = id_of(chain[2]);
  more.records = {directory("zz")};
  const auto added = checker.add(more, id_of(more));
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().message.find("after the final"), std::string::npos);
}

TEST(ManifestChecker, SegmentZeroHasNoPastAndAnObject) {
  Segment segment = only_segment(ObjectKind::tree, {});
  segment.stream = digest_of("x");
  EXPECT_FALSE(check_one(segment));
  segment = only_segment(ObjectKind::tree, {});
  segment.previous = digest_of("x");
  EXPECT_FALSE(check_one(segment));
  segment = only_segment(ObjectKind::tree, {});
  segment.object.reset();
  EXPECT_FALSE(check_one(segment));
}

TEST(ManifestChecker, TreesInOrderAreFine) {
  EXPECT_TRUE(check_one(only_segment(ObjectKind::tree, {})));
  EXPECT_TRUE(
      check_one(only_segment(ObjectKind::tree, {directory("a"), directory("a/b"), symlink("a/b/c", "x"),
                                                symlink("a/c", "x"), directory("a!"), symlink("a!/x", "x"),
                                                directory("a.d"), symlink("b", "x"), symlink("\xff", "x")})));
}

TEST(ManifestChecker, TheTopOfATreeComesFirstAndIsADirectory) {
  EXPECT_TRUE(check_one(only_segment(ObjectKind::tree, {directory("")})));
  EXPECT_TRUE(
      check_one(only_segment(ObjectKind::tree, {directory(""), directory("a"), symlink("a/b", "c")})));
  expect_refused(ObjectKind::tree, {directory("a"), directory("")}, "out of order");
  expect_refused(ObjectKind::tree, {directory(""), directory("")}, "out of order");
  expect_refused(ObjectKind::tree, {symlink("", "a")}, "empty");
  expect_refused(ObjectKind::tree, {plain(0), ends(0)}, "empty");
}

LeftOut left_out(const std::string& path) {
  return {LeftOutReason::permission, path};
}

TEST(ManifestChecker, WhatWasLeftOutStandsInItsPlace) {
  EXPECT_TRUE(check_one(only_segment(
      ObjectKind::tree, {directory(""), left_out(""), directory("a"), left_out("a"), left_out("a/b"),
                         file("a/c"), left_out("a/c"), symlink("a/d", "x"), left_out("b")})));
  expect_refused(ObjectKind::tree, {left_out("b"), left_out("a")}, "out of order");
  expect_refused(ObjectKind::tree, {left_out("a"), left_out("a")}, "out of order");
  expect_refused(ObjectKind::tree, {left_out("a"), directory("a")}, "out of order");
  expect_refused(ObjectKind::tree, {directory("a"), symlink("a/b", "x"), left_out("a")}, "out of order");
  expect_refused(ObjectKind::tree, {left_out("a"), symlink("a/b", "x")}, "parent");
  expect_refused(ObjectKind::tree, {left_out("a/b")}, "parent");
  expect_refused(ObjectKind::tree, {file("a"), left_out("b")}, "inside another");
  expect_refused(ObjectKind::tree, {left_out("")}, "empty");
  expect_refused(ObjectKind::tree, {file("a"), left_out("a"), ends(0)}, "outside a file");
  expect_refused(ObjectKind::file, {plain(0), left_out("")}, "no tree");
  EXPECT_TRUE(check_one(only_segment(ObjectKind::tree, {file("a"), left_out("a"), file("b"), ends(0)})));
}

TEST(ManifestChecker, RepeatsAndDisorderAreRefused) {
  expect_refused(ObjectKind::tree, {directory("a"), directory("a")}, "out of order");
  expect_refused(ObjectKind::tree, {directory("b"), directory("a")}, "out of order");
  expect_refused(ObjectKind::tree, {directory("a"), symlink("a/b", "x"), directory("a")}, "out of order");
  // '/' sorts before every other byte: "a!" may not stand between "a" and what is in "a".
  expect_refused(ObjectKind::tree, {directory("a"), directory("a!"), symlink("a/b", "x")}, "out of order");
  expect_refused(ObjectKind::tree, {symlink("\xff", "x"), symlink("a", "x")}, "out of order");
}

TEST(ManifestChecker, AParentMustBeADirectoryBefore) {
  expect_refused(ObjectKind::tree, {symlink("a/b", "x")}, "parent");
  expect_refused(ObjectKind::tree, {symlink("a", "/etc"), symlink("a/passwd", "x")}, "parent");
  expect_refused(ObjectKind::tree, {file("a"), ends(0), symlink("a/b", "x")}, "parent");
  expect_refused(ObjectKind::tree, {directory("a"), symlink("a/b/c", "x")}, "parent");
  expect_refused(ObjectKind::tree, {directory("a"), directory("b"), symlink("b/c/d", "x")}, "parent");
  expect_refused(ObjectKind::tree, {directory("a"), directory("a/b"), symlink("ab/c", "x")}, "parent");
}

TEST(ManifestChecker, OrderIsKeptAcrossSegments) {
  const Segment first = only_segment(ObjectKind::tree, {directory("a"), directory("a/b")}, false);
  const auto second_with = [&](std::vector<Record> records) {
    Segment second;
    second.index = 1;
    second.final = true;
    second.stream = second.previous = id_of(first);
    second.records = std::move(records);
    ManifestChecker checker;
    EXPECT_TRUE(checker.add(first, id_of(first)));
    return checker.add(second, id_of(second)).has_value();
  };
  EXPECT_TRUE(second_with({symlink("a/b/c", "x")}));
  EXPECT_TRUE(second_with({symlink("a/c", "x")}));
  EXPECT_FALSE(second_with({symlink("a/b", "x")}));
  EXPECT_FALSE(second_with({symlink("a/c/d", "x")}));
}

TEST(ManifestChecker, DataBelongsToAFile) {
  expect_refused(ObjectKind::tree, {raw_chunk("x")}, "outside a file");
  expect_refused(ObjectKind::tree, {HoleRecord{1}}, "outside a file");
  expect_refused(ObjectKind::tree, {ends(0)}, "outside a file");
  expect_refused(ObjectKind::tree, {directory("d"), raw_chunk("x")}, "outside a file");
  expect_refused(ObjectKind::tree, {symlink("l", "x"), ends(0)}, "outside a file");
  expect_refused(ObjectKind::tree, {file("f"), ends(0), raw_chunk("x")}, "outside a file");
  expect_refused(ObjectKind::tree, {file("f"), file("g"), ends(0)}, "inside another");
  expect_refused(ObjectKind::tree, {file("f"), raw_chunk("x")}, "does not end");
  EXPECT_TRUE(check_one(only_segment(ObjectKind::tree, {file("f"), raw_chunk("x")}, false)));
}

TEST(ManifestChecker, SizesMustAddUp) {
  EXPECT_TRUE(check_one(only_segment(ObjectKind::file, {plain(3), raw_chunk("x"), HoleRecord{2}, ends(3)})));
  EXPECT_TRUE(check_one(only_segment(ObjectKind::file, {plain(0), ends(0)})));
  expect_refused(ObjectKind::file, {plain(), raw_chunk("x"), ends(2)}, "add up");
  expect_refused(ObjectKind::file, {plain(), raw_chunk("xyz"), ends(2)}, "add up");
  expect_refused(ObjectKind::file, {plain(2), raw_chunk("x"), ends(1)}, "promised");
  expect_refused(ObjectKind::file, {plain(3), raw_chunk("x"), raw_chunk("xyz")}, "longer", false);
  expect_refused(ObjectKind::file, {plain(0), HoleRecord{1}}, "longer", false);
}

using samples::in_pack;
using samples::whole;

// The records of a tree that begins a pack of `bytes` with a file of one byte.
std::vector<Record> pack_of(std::string_view bytes, std::initializer_list<Record> more) {
  std::vector<Record> records{file("a", 1), raw_chunk(bytes), in_pack(1)};
  records.insert(records.end(), more.begin(), more.end());
  return records;
}

TEST(ManifestChecker, AChunkMayBeSeveralWholeFiles) {
  EXPECT_TRUE(check_one(only_segment(ObjectKind::tree, samples::pack_of_three())));
  EXPECT_TRUE(
      check_one(only_segment(ObjectKind::tree, pack_of("abc", {left_out("b"), file("c", 2), in_pack(2)}))));
  EXPECT_TRUE(check_one(only_segment(
      ObjectKind::tree, pack_of("ab", {file("b", 1), in_pack(1), file("c", 1), raw_chunk("cd"), in_pack(1),
                                       file("d", 1), in_pack(1), file("e"), raw_chunk("e"), whole("e")}))));
}

TEST(ManifestChecker, APackHasWholeFilesOfKnownSizesInOneSegment) {
  for (bool final : {false, true}) {
    expect_refused(ObjectKind::tree, pack_of("abc", {}), "shares a chunk with nothing", final);
    expect_refused(ObjectKind::tree, pack_of("abc", {directory("b")}), "shares a chunk with nothing", final);
    expect_refused(ObjectKind::tree, pack_of("abc", {file("b", 1), in_pack(1)}),
                   "shares a chunk with nothing", final);
    expect_refused(ObjectKind::file, {plain(1), raw_chunk("ab"), in_pack(1)}, "shares a chunk with nothing",
                   final);
  }
  expect_refused(ObjectKind::tree, pack_of("ab", {file("b", 2), in_pack(2)}), "reaches beyond");
  expect_refused(ObjectKind::tree, pack_of("ab", {file("b"), in_pack(1)}), "reaches beyond");
  expect_refused(ObjectKind::tree, pack_of("abc", {file("b", 1), HoleRecord{1}}), "middle of a chunk");
  expect_refused(ObjectKind::tree, pack_of("abc", {file("b", 1), raw_chunk("b")}), "middle of a chunk");
  expect_refused(ObjectKind::tree, pack_of("abc", {file("b", 0), raw_chunk("b")}), "middle of a chunk");
  expect_refused(ObjectKind::tree, pack_of("ab", {file("b", 1), raw_chunk("b")}), "longer");
  expect_refused(ObjectKind::tree, {file("a", 4), raw_chunk("ab"), raw_chunk("cdef"), ends(4)}, "longer");
  expect_refused(ObjectKind::tree, {file("a", 4), HoleRecord{2}, raw_chunk("cdef"), ends(4)}, "longer");
  expect_refused(ObjectKind::tree, {file("a", 4), HoleRecord{5}}, "longer");
  expect_refused(ObjectKind::tree,
                 {file("a", 4), raw_chunk("ab"), raw_chunk("cdefg"), in_pack(4), file("b", 1), in_pack(1)},
                 "longer");
  expect_refused(ObjectKind::tree, {file("a", 1), raw_chunk("ab"), left_out("a")}, "out of a pack");
}

TEST(ManifestChecker, TheLastOfAFileAndItsEndAreInOneSegment) {
  for (const std::vector<Record>& last :
       {std::vector<Record>{raw_chunk("hi")}, {HoleRecord{2}}, {raw_chunk("h"), HoleRecord{1}}}) {
    std::vector<Record> records{file("a", 2)};
    records.insert(records.end(), last.begin(), last.end());
    expect_refused(ObjectKind::tree, records, "later segment", false);
    records.front() = file("a", 3);
    EXPECT_TRUE(check_one(only_segment(ObjectKind::tree, records, false)));
    records.front() = file("a");
    EXPECT_TRUE(check_one(only_segment(ObjectKind::tree, records, false)));
  }
}

TEST(ManifestChecker, FilesInPacksAndNoOthersHaveNoDigest) {
  expect_refused(ObjectKind::tree, {file("a", 1), raw_chunk("ab"), ends(1)}, "is in a pack");
  expect_refused(ObjectKind::tree, pack_of("ab", {file("b", 1), ends(1)}), "is in a pack");
  expect_refused(ObjectKind::tree, {file("a", 1), raw_chunk("a"), in_pack(1)}, "without a digest");
  expect_refused(ObjectKind::tree, pack_of("ab", {file("b", 0), in_pack(0)}), "without a digest");
  expect_refused(ObjectKind::file, {plain(), in_pack(0)}, "without a digest");
}

TEST(ManifestChecker, ASegmentThatBeginsInsideAFileSaysSo) {
  const auto added_to = [](std::vector<Record> before, std::vector<Record> after, bool inside) {
    const Segment first = only_segment(ObjectKind::tree, std::move(before), false);
    Segment second;
    second.index = 1;
    second.final = true;
    second.inside_file = inside;
    second.stream = second.previous = id_of(first);
    second.records = std::move(after);
    ManifestChecker checker;
    EXPECT_TRUE(checker.add(first, id_of(first)));
    return checker.add(second, id_of(second)).has_value();
  };
  const std::vector<Record> rest{raw_chunk("x"), ends(1)};
  EXPECT_TRUE(added_to({file("a")}, rest, true));
  EXPECT_TRUE(added_to({file("a", 1)}, rest, true));
  EXPECT_FALSE(added_to({file("a")}, rest, false));
  EXPECT_FALSE(added_to({file("a"), ends(0)}, rest, true));
  EXPECT_FALSE(added_to({file("a"), ends(0)}, {directory("b")}, true));
  EXPECT_TRUE(added_to({file("a"), ends(0)}, {directory("b")}, false));
  EXPECT_TRUE(added_to({file("a"), HoleRecord{1}}, {ends(1)}, true));
  EXPECT_TRUE(added_to({file("a"), HoleRecord{1}}, {left_out("a")}, true));
  EXPECT_FALSE(added_to({file("a"), HoleRecord{1}}, {}, true));
  // A pack begins with a file of its own segment.
  EXPECT_FALSE(added_to({file("a", 1)}, {raw_chunk("ab"), ends(1), file("b", 1), ends(1)}, true));
  Segment first = only_segment(ObjectKind::tree, {ends(0)});
  first.inside_file = true;
  EXPECT_FALSE(check_one(first));
}

TEST(ManifestChecker, SizesCannotOverflow) {
  EXPECT_TRUE(check_one(
      only_segment(ObjectKind::file, {plain(), HoleRecord{kMaxObjectBytes}, ends(kMaxObjectBytes)})));
  expect_refused(ObjectKind::file, {plain(), HoleRecord{kMaxObjectBytes}, HoleRecord{1}}, "limit", false);
  expect_refused(ObjectKind::tree,
                 {file("a"), HoleRecord{kMaxObjectBytes}, ends(kMaxObjectBytes), file("b"), HoleRecord{1}},
                 "object is longer", false);
  // Not what parse_segment lets through, but the sum must hold by itself.
  expect_refused(ObjectKind::file, {plain(), HoleRecord{~std::uint64_t{0}}, HoleRecord{2}}, "limit", false);
}

TEST(ManifestChecker, FilesAndStreamsAreOneNamelessFile) {
  for (ObjectKind kind : {ObjectKind::file, ObjectKind::stream}) {
    EXPECT_TRUE(check_one(only_segment(kind, {plain(), ends(0)})));
    expect_refused(kind, {}, "no content entry");
    expect_refused(kind, {plain(), ends(0), plain(), ends(0)}, "second one");
    EntryBegin other = plain();
    other.path = "x";
    expect_refused(kind, {other, ends(0)}, "has a path");
    other = plain();
    other.kind = EntryKind::directory;
    expect_refused(kind, {other}, "not a file");
    other.kind = EntryKind::symlink;
    other.target = "x";
    expect_refused(kind, {other}, "not a file");
  }
  EntryBegin dated = plain();
  dated.mtime_ns = 1;
  EXPECT_TRUE(check_one(only_segment(ObjectKind::file, {dated, ends(0)})));
  expect_refused(ObjectKind::stream, {dated, ends(0)}, "modification time");
  expect_refused(ObjectKind::tree, {plain(), ends(0)}, "empty");
}

}  // namespace
}  // namespace dcdn::wire
