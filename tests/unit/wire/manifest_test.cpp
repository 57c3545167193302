#include "wire/manifest.hpp"

#include <limits>

#include "base/byte_writer.hpp"
#include "unit/wire/wire_samples.hpp"
#include "wire/frame.hpp"

namespace dcdn::wire {
namespace {

using samples::digest_of;

// A segment body written field by field, so that what encode_segment never writes can be written.
struct Body {
  Bytes bytes;
  ByteWriter out{bytes};

  Body& byte(std::uint8_t value) { return out.fixed(value), *this; }
  Body& number(std::uint64_t value) { return out.varint(value), *this; }
  Body& text(std::string_view value) { return out.text(value), *this; }
  Body& digest() { return out.raw(digest_of("d").view()), *this; }
  Body& head(std::uint64_t records, std::uint8_t flags = 1) {
    return byte(flags).number(0).byte(2).byte(0).text("name").number(records);
  }
  Body& entry(std::string_view path) { return byte(1).byte(0).text(path).number(0644).number(0).number(0); }
};

void expect_error(const Body& body, Errc code, std::string_view part_of_message) {
  const auto parsed = parse_segment(body.bytes);
  ASSERT_FALSE(parsed) << part_of_message;
  EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
  EXPECT_NE(parsed.error().message.find(part_of_message), std::string::npos) << parsed.error().message;
}

TEST(Manifest, WhatIsWrittenIsRead) {
  for (const Segment& segment : samples::tree_chain()) {
    const Bytes body = encode_segment(segment);
    const auto parsed = parse_segment(body);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, segment);
    EXPECT_EQ(encode_segment(*parsed), body);
  }
  EXPECT_TRUE(parse_segment(encode_segment(samples::stream_segment("x"))));
}

TEST(Manifest, ExtremesAreRead) {
  Segment segment;
  segment.final = true;
  segment.object = ObjectHeader{ObjectKind::tree, std::string(kMaxNameBytes, 'n'), true};
  std::string deep = "d";
  for (std::size_t i = 1; i < kMaxDepth; ++i) deep += "/d";
  EntryBegin entry = samples::file(deep, kMaxObjectBytes);
  entry.mode = 07777;
  entry.mtime_ns = std::numeric_limits<std::int64_t>::min();
  EntryBegin late = samples::symlink("l", std::string(kMaxPathBytes, 't'));
  late.mtime_ns = std::numeric_limits<std::int64_t>::max();
  segment.records = {entry,
                     HoleRecord{kMaxObjectBytes},
                     EntryEnd{kMaxObjectBytes, digest_of("")},
                     LeftOut{LeftOutReason::permission, ""},
                     LeftOut{static_cast<LeftOutReason>(255), deep},
                     late,
                     samples::file("empty", 0),
                     samples::packed_chunk(kMaxChunkContent, kMaxChunkContent - 1, "x"),
                     EntryEnd{0, digest_of("")}};
  const auto parsed = parse_segment(encode_segment(segment));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, segment);
}

TEST(Manifest, TheIdIsTheDigestOfTheDomainAndTheBody) {
  const Bytes body = encode_segment(samples::stream_segment("x"));
  Bytes message{'d', 'c', 'd', 'n', ' ', 's', 'e', 'g', 'm', 'e', 'n', 't', ' ', '1', '\n'};
  message.insert(message.end(), body.begin(), body.end());
  EXPECT_EQ(segment_id(body), digest::blake3(message));
}

TEST(Manifest, EveryTruncationIsRefused) {
  for (const Segment& segment : samples::tree_chain()) {
    const Bytes body = encode_segment(segment);
    for (std::size_t size = 0; size < body.size(); ++size) {
      const auto parsed = parse_segment(ByteView(body).first(size));
      ASSERT_FALSE(parsed) << size;
      EXPECT_EQ(parsed.error().code, Errc::corrupt) << size;
    }
  }
}

TEST(Manifest, EveryBitFlipIsRefusedOrChangesTheValue) {
  for (const Segment& segment : samples::tree_chain()) {
    const Bytes good = encode_segment(segment);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes body = good;
      body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ (1u << (bit % 8)));
      const auto parsed = parse_segment(body);
      if (!parsed) continue;
      EXPECT_NE(*parsed, segment) << bit;
      EXPECT_EQ(encode_segment(*parsed), body) << bit;
    }
  }
}

TEST(Manifest, TrailingBytesAreRefused) {
  Body body{encode_segment(samples::stream_segment("x"))};
  body.byte(0);
  expect_error(body, Errc::corrupt, "left over");
}

TEST(Manifest, CountsOverTheLimitAreRefusedBeforeAnythingIsAllocated) {
  expect_error(Body().head(kMaxRecords + 1), Errc::corrupt, "16385 records");
  expect_error(Body().head(~std::uint64_t{0}), Errc::corrupt, "records");
  expect_error(Body().head(kMaxRecords), Errc::corrupt, "fewer records");
  expect_error(Body().head(2).entry("a"), Errc::corrupt, "fewer records");
  Body huge;
  huge.bytes.resize(kMaxSegmentBody + 1);
  expect_error(huge, Errc::corrupt, "longer than the limit");
}

TEST(Manifest, AsManyRecordsAsTheLimitAreRead) {
  Segment segment;
  segment.object = ObjectHeader{ObjectKind::file, "f", false};
  segment.records.assign(kMaxRecords, HoleRecord{1});
  const auto parsed = parse_segment(encode_segment(segment));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->records.size(), kMaxRecords);
}

TEST(Manifest, AnEmptySegmentMustBeTheFinalOne) {
  EXPECT_TRUE(parse_segment(Body().head(0).bytes));
  expect_error(Body().head(0, 0), Errc::corrupt, "no records");
}

TEST(Manifest, NumbersNotInShortestFormAreRefused) {
  expect_error(Body().byte(1).byte(0x80).byte(0).byte(2).byte(0).text("n").number(0), Errc::corrupt,
               "shortest");
  expect_error(Body().head(1).byte(3).byte(0x85).byte(0x00), Errc::corrupt, "shortest");
  expect_error(Body().head(1).byte(1).byte(1).text("d").byte(0xED).byte(0x83).byte(0).number(0),
               Errc::corrupt, "shortest");
  Body eleven;
  eleven.head(1).byte(3);
  for (int i = 0; i < 10; ++i) eleven.byte(0xFF);
  expect_error(eleven.byte(0x01), Errc::corrupt, "shortest");
}

TEST(Manifest, WhatThisVersionDoesNotKnowIsUnsupported) {
  expect_error(Body().head(0, 3), Errc::unsupported, "segment flags");
  expect_error(Body().byte(1).number(0).byte(3).byte(0).text("n").number(0), Errc::unsupported,
               "object kind 3");
  expect_error(Body().byte(1).number(0).byte(2).byte(2).text("n").number(0), Errc::unsupported,
               "object flags");
  expect_error(Body().head(1).byte(0), Errc::unsupported, "record kind 0");
  expect_error(Body().head(1).byte(6), Errc::unsupported, "record kind 6");
  expect_error(Body().head(1).byte(1).byte(3), Errc::unsupported, "entry kind 3");
  expect_error(Body().head(1).byte(2).byte(3), Errc::unsupported, "codec 3");
}

TEST(Manifest, ObjectNames) {
  for (const char* bad : {"", ".", "..", "a/b", "/a"})
    for (std::uint8_t kind : {1, 2})
      expect_error(Body().byte(1).number(0).byte(kind).byte(0).text(bad).number(0), Errc::corrupt, "path");
  EXPECT_TRUE(parse_segment(Body().byte(1).number(0).byte(0).byte(0).text("").number(0).bytes));
  const std::string long_name(kMaxNameBytes + 1, 'n');
  expect_error(Body().byte(1).number(0).byte(2).byte(0).text(long_name).number(0), Errc::corrupt, "too long");
}

TEST(Manifest, PathsThatEscapeAreRefused) {
  for (const char* bad : {"..", ".", "a/..", "../a", "a/../b", "/etc", "a//b", "a/", "./a"})
    expect_error(Body().head(1).entry(bad), Errc::corrupt, "path");
  expect_error(Body().head(1).entry(std::string_view("a\0b", 3)), Errc::corrupt, "NUL");
  expect_error(Body().head(1).entry(std::string(kMaxPathBytes + 1, 'p')), Errc::corrupt, "too long");
}

TEST(Manifest, EntryFieldsOutOfRange) {
  expect_error(Body().head(1).byte(1).byte(1).text("d").number(010000).number(0), Errc::corrupt,
               "mode 10000");
  const std::uint64_t size_plus_1 = kMaxObjectBytes + 2;
  expect_error(Body().head(1).byte(1).byte(0).text("f").number(0).number(0).number(size_plus_1),
               Errc::corrupt, "promised size");
  expect_error(Body().head(1).byte(1).byte(2).text("l").number(0).number(0).text(""), Errc::corrupt,
               "symlink");
  const std::string_view with_nul("a\0b", 3);
  expect_error(Body().head(1).byte(1).byte(2).text("l").number(0).number(0).text(with_nul), Errc::corrupt,
               "NUL");
  const std::string long_target(kMaxPathBytes + 1, 't');
  expect_error(Body().head(1).byte(1).byte(2).text("l").number(0).number(0).text(long_target), Errc::corrupt,
               "too long");
}

TEST(Manifest, WhatIsLeftOutHasAPathOfAnEntry) {
  for (const char* bad : {"..", "a//b", "/a", "a/../b"})
    expect_error(Body().head(1).byte(5).byte(1).text(bad), Errc::corrupt, "path");
  expect_error(Body().head(1).byte(5).byte(1).text(std::string(kMaxPathBytes + 1, 'x')), Errc::corrupt,
               "left out is cut off, too long");
}

TEST(Manifest, ChunkSizesOutOfRange) {
  for (std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{kMaxChunkContent} + 1, (std::uint64_t{1} << 32) + 5})
    expect_error(Body().head(1).byte(2).byte(0).number(size).digest(), Errc::corrupt, "content size");
  for (std::uint64_t size : {0u, 100u, 101u, 1u << 30})
    expect_error(Body().head(1).byte(2).byte(1).number(100).digest().number(size).digest(), Errc::corrupt,
                 "carried size");
  EXPECT_TRUE(parse_segment(Body().head(1).byte(2).byte(2).number(100).digest().number(99).digest().bytes));
}

TEST(Manifest, HolesAndEndsOutOfRange) {
  for (std::uint64_t size : {std::uint64_t{0}, kMaxObjectBytes + 1, ~std::uint64_t{0}})
    expect_error(Body().head(1).byte(3).number(size), Errc::corrupt, "hole");
  expect_error(Body().head(1).byte(4).number(kMaxObjectBytes + 1).digest(), Errc::corrupt, "size of a file");
}

}  // namespace
}  // namespace dcdn::wire
