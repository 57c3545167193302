#include "wire/manifest.hpp"

#include <limits>

#include "base/byte_writer.hpp"
#include "unit/wire/column_fields.hpp"
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
  Body& made_with(std::uint64_t chunk_bytes, std::uint8_t rung = 2) { return number(chunk_bytes).byte(rung); }
  Body& head(std::uint8_t flags = 1) {
    return byte(flags).number(0).byte(2).byte(0).text("name").made_with(65536);
  }
  Body& records(ByteView plain) { return number(plain.size()), out.raw(plain), *this; }
  Body& nothing() { return records(samples::ColumnFields().plain()); }
};

void expect_error(const Body& body, Errc code, std::string_view part_of_message) {
  const auto parsed = parse_segment(body.bytes);
  ASSERT_FALSE(parsed) << part_of_message;
  EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
  EXPECT_NE(parsed.error().message.find(part_of_message), std::string::npos) << parsed.error().message;
}

// Long enough, and alike enough, to be packed.
Segment many_directories() {
  Segment segment = samples::tree_chain()[0];
  segment.final = true;
  segment.records.clear();
  for (char c = 'a'; c <= 'z'; ++c) segment.records.emplace_back(samples::directory(std::string(8, c)));
  return segment;
}

TEST(Manifest, TheHeadIsReadAlone) {
  for (const Segment& segment : samples::tree_chain()) {
    Bytes body = encode_segment(segment);
    body.pop_back();  // the records are not looked at
    const auto head = parse_head(body);
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(*head, static_cast<const SegmentHead&>(segment));
  }
  EXPECT_FALSE(parse_head(Bytes(kMaxSegmentBody + 1)));
  EXPECT_FALSE(parse_head({}));
}

TEST(Manifest, WhatIsWrittenIsRead) {
  for (const Segment& segment : samples::tree_chain())
    for (const Bytes& body : {encode_segment(segment), samples::plain_body(segment)}) {
      const auto parsed = parse_segment(body);
      ASSERT_TRUE(parsed) << parsed.error().message;
      EXPECT_EQ(*parsed, segment);
    }
  EXPECT_TRUE(parse_segment(encode_segment(samples::stream_segment("x"))));
}

TEST(Manifest, RecordsArePackedWhereThatPays) {
  const Segment alike = many_directories();
  EXPECT_LT(encode_segment(alike).size(), samples::plain_body(alike).size() * 15 / 16);
  EXPECT_EQ(encode_segment(alike)[0], samples::kFinalFlag | samples::kPackedFlag);
  Segment digests = samples::stream_segment("0");
  for (const char* other : {"1", "2", "3", "4", "5", "6", "7"})
    digests.records.insert(digests.records.begin() + 2, samples::raw_chunk(other));
  EXPECT_EQ(encode_segment(digests), samples::plain_body(digests));
}

TEST(Manifest, ExtremesAreRead) {
  Segment segment;
  segment.final = true;
  segment.chunk_bytes = kMaxChunkContent;
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
                     samples::file("last"),
                     samples::packed_chunk(kMaxChunkContent, kMaxChunkContent - 1, "x"),
                     EntryEnd{kMaxChunkContent, digest_of("whole")}};
  for (const Bytes& body : {encode_segment(segment), samples::plain_body(segment)}) {
    const auto parsed = parse_segment(body);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, segment);
  }
}

TEST(Manifest, TheIdIsTheDigestOfTheDomainAndTheBody) {
  const Bytes body = encode_segment(samples::stream_segment("x"));
  Bytes message{'d', 'c', 'd', 'n', ' ', 's', 'e', 'g', 'm', 'e', 'n', 't', ' ', '1', '\n'};
  message.insert(message.end(), body.begin(), body.end());
  EXPECT_EQ(segment_id(body), digest::blake3(message));
}

TEST(Manifest, EveryTruncationIsRefused) {
  std::vector<Segment> segments = samples::tree_chain();
  segments.push_back(many_directories());
  for (const Segment& segment : segments)
    for (const Bytes& body : {encode_segment(segment), samples::plain_body(segment)})
      for (std::size_t size = 0; size < body.size(); ++size) {
        const auto parsed = parse_segment(ByteView(body).first(size));
        ASSERT_FALSE(parsed) << size;
        EXPECT_EQ(parsed.error().code, Errc::corrupt) << size;
      }
}

// What is not packed has one encoding: another body is another value, and is written as it was read. Of what
// is packed only the records are, whatever packed them.
TEST(Manifest, EveryBitFlipIsRefusedOrChangesTheValue) {
  for (const Segment& segment : samples::tree_chain()) {
    const Bytes good = samples::plain_body(segment);
    std::size_t accepted = 0;
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes body = good;
      body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ (1u << (bit % 8)));
      const auto parsed = parse_segment(body);
      if (!parsed) continue;
      ++accepted;
      EXPECT_NE(*parsed, segment) << bit;
      EXPECT_EQ(samples::plain_body(*parsed), body) << bit;
    }
    EXPECT_GT(accepted, 32u * 8) << "those of a digest at least";
  }
}

TEST(Manifest, ABitFlipInPackedRecordsIsRefusedOrGivesRecordsThatCanBeWritten) {
  const Bytes good = encode_segment(many_directories());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes body = good;
    body[bit / 8] = static_cast<std::uint8_t>(body[bit / 8] ^ (1u << (bit % 8)));
    const auto parsed = parse_segment(body);
    if (!parsed) continue;
    const auto again = parse_segment(encode_segment(*parsed));
    ASSERT_TRUE(again) << bit;
    EXPECT_EQ(*again, *parsed) << bit;
  }
}

TEST(Manifest, TrailingBytesAreRefused) {
  expect_error(Body().head().nothing().byte(0), Errc::corrupt, "not as long as it says");
  Body packed{encode_segment(many_directories())};
  expect_error(packed.byte(0), Errc::corrupt, "do not unpack");
}

TEST(Manifest, SizesOfRecordsThatLie) {
  const Bytes nothing = samples::ColumnFields().plain();
  const auto saying = [&](std::uint64_t size) {
    Body body;
    body.head().number(size).out.raw(nothing);
    return body;
  };
  EXPECT_TRUE(parse_segment(saying(nothing.size()).bytes));
  expect_error(saying(nothing.size() - 1), Errc::corrupt, "not as long as it says");
  expect_error(saying(nothing.size() + 1), Errc::corrupt, "not as long as it says");
  expect_error(saying(0), Errc::corrupt, "not as long as it says");
  expect_error(saying(kMaxPlainRecords + 1), Errc::corrupt, "1048577 bytes of records");
  expect_error(saying(~std::uint64_t{0}), Errc::corrupt, "bytes of records");
  expect_error(Body().head(), Errc::corrupt, "cut off before its records");
  expect_error(Body().head().number(0), Errc::corrupt, "records are cut off");
  Body huge;
  huge.bytes.resize(kMaxSegmentBody + 1);
  expect_error(huge, Errc::corrupt, "longer than the limit");
}

TEST(Manifest, PackedRecordsThatLie) {
  const Segment segment = many_directories();
  const Bytes plain = encode_columns(segment.records, false);
  const Bytes packed = samples::zstd_of(plain);
  const auto saying = [&](std::uint64_t size, const Bytes& records) {
    return Body{samples::segment_body(segment, size, records, samples::kPackedFlag)};
  };
  EXPECT_TRUE(parse_segment(saying(plain.size(), packed).bytes));
  expect_error(saying(plain.size() - 1, packed), Errc::corrupt, "do not unpack");
  expect_error(saying(plain.size() + 1, packed), Errc::corrupt, "do not unpack");
  expect_error(saying(kMaxPlainRecords, packed), Errc::corrupt, "do not unpack");
  expect_error(saying(kMaxPlainRecords + 1, packed), Errc::corrupt, "bytes of records");
  expect_error(saying(packed.size(), packed), Errc::corrupt, "packed to no use");
  expect_error(saying(0, packed), Errc::corrupt, "packed to no use");
  expect_error(saying(plain.size(), {}), Errc::corrupt, "do not unpack");
  expect_error(saying(plain.size(), plain), Errc::corrupt, "packed to no use");
  expect_error(saying(plain.size(), samples::joined({packed, packed})), Errc::corrupt, "");
  // A few bytes that unpack to more than a segment may have, whatever they say of themselves.
  const Bytes bomb = samples::zstd_of(Bytes(kMaxPlainRecords + 1, 0));
  EXPECT_LT(bomb.size(), 200u);
  expect_error(saying(kMaxPlainRecords, bomb), Errc::corrupt, "do not unpack");
  expect_error(saying(kMaxPlainRecords + 1, bomb), Errc::corrupt, "bytes of records");
  const Bytes zeros(kMaxPlainRecords, 0);
  expect_error(saying(kMaxPlainRecords, samples::zstd_of(zeros)), Errc::corrupt, "not as long as they say");
}

TEST(Manifest, AnEmptySegmentMustBeTheFinalOne) {
  EXPECT_TRUE(parse_segment(Body().head().nothing().bytes));
  expect_error(Body().head(0).nothing(), Errc::corrupt, "no records");
}

TEST(Manifest, NumbersNotInShortestFormAreRefused) {
  expect_error(Body().byte(1).byte(0x80).byte(0).byte(2).byte(0).text("n").made_with(65536).nothing(),
               Errc::corrupt, "shortest");
  expect_error(Body().byte(1).number(0).byte(2).byte(0).text("n").byte(0x80).byte(0x80).byte(0x84).byte(0),
               Errc::corrupt, "cut off");
  Body long_size;
  long_size.head().byte(0x92).byte(0x00).out.raw(samples::ColumnFields().plain());
  expect_error(long_size, Errc::corrupt, "cut off");
}

TEST(Manifest, WhatThisVersionDoesNotKnowIsUnsupported) {
  for (unsigned bit = 3; bit < 8; ++bit)
    expect_error(Body().head(static_cast<std::uint8_t>(1u << bit)).nothing(), Errc::unsupported,
                 "segment flags");
  expect_error(Body().byte(1).number(0).byte(3).byte(0).text("n").made_with(65536).nothing(),
               Errc::unsupported, "object kind 3");
  expect_error(Body().byte(1).number(0).byte(2).byte(4).text("n").made_with(65536).nothing(),
               Errc::unsupported, "object flags");
  expect_error(Body().byte(1).number(0).byte(1).byte(2).text("n").made_with(65536).nothing(),
               Errc::unsupported, "object flags");
  EXPECT_TRUE(
      parse_segment(Body().byte(1).number(0).byte(2).byte(3).text("n").made_with(65536).nothing().bytes)
          ->object->mirror);
}

TEST(Manifest, ObjectNames) {
  const auto named = [](std::uint8_t kind, std::string_view name) {
    Body body;
    body.byte(1).number(0).byte(kind).byte(0).text(name).made_with(65536).nothing();
    return body;
  };
  for (const char* bad : {"", ".", "..", "a/b", "/a"})
    for (std::uint8_t kind : {1, 2}) expect_error(named(kind, bad), Errc::corrupt, "path");
  EXPECT_TRUE(parse_segment(named(0, "").bytes));
  expect_error(named(2, std::string(kMaxNameBytes + 1, 'n')), Errc::corrupt, "too long");
}

TEST(Manifest, ChunkSizesThatNobodyCanAskFor) {
  const auto of_chunks = [](std::uint64_t size) {
    Body body;
    body.byte(1).number(0).byte(2).byte(0).text("name").made_with(size).nothing();
    return body;
  };
  for (std::uint64_t good : {kMinChunkContent, kMaxChunkContent}) {
    const auto parsed = parse_segment(of_chunks(good).bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->chunk_bytes, good);
  }
  for (std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{kMinChunkContent - 1},
                            std::uint64_t{kMaxChunkContent + 1}, (std::uint64_t{1} << 32) + kMinChunkContent})
    expect_error(of_chunks(bad), Errc::corrupt, "chunk size");
}

TEST(Manifest, RungsThatNobodyCanAskFor) {
  const auto of_rung = [](std::uint8_t rung) {
    Body body;
    body.byte(1).number(0).byte(2).byte(0).text("name").made_with(65536, rung).nothing();
    return body;
  };
  for (std::uint8_t good = 0; good <= kMaxRung; ++good) {
    const auto parsed = parse_segment(of_rung(good).bytes);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->rung, good);
  }
  for (std::uint8_t bad : {16, 128, 255}) expect_error(of_rung(bad), Errc::corrupt, "rung");
}

}  // namespace
}  // namespace dcdn::wire
