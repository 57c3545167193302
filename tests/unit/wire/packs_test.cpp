// Files whose end needs no telling, packs, and files that are open across segments: record_columns.hpp.
#include <array>
#include <initializer_list>

#include "unit/wire/column_fields.hpp"
#include "wire/content_cursor.hpp"
#include "wire/record_columns.hpp"

namespace dcdn::wire {
namespace {

using samples::ColumnFields;
using samples::digest_of;
using samples::directory;
using samples::file;
using samples::in_pack;
using samples::raw_chunk;
using samples::symlink;
using samples::whole;
using Records = std::vector<Record>;
using enum samples::Column;

constexpr bool kInside = true;

void expect_written_is_read(const Records& records, std::uint64_t ends_told, bool inside_file = false) {
  const ColumnFields fields = ColumnFields::of(records, inside_file);
  EXPECT_EQ(fields.columns[kEndDigests].size(), 32 * ends_told);
  const auto parsed = parse_columns(fields.plain(), inside_file);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, records);
}
void expect_error(const ColumnFields& fields, std::string_view part_of_message, bool inside_file = false) {
  const auto parsed = parse_columns(fields.plain(), inside_file);
  ASSERT_FALSE(parsed) << part_of_message;
  EXPECT_EQ(parsed.error().code, Errc::corrupt) << parsed.error().message;
  EXPECT_NE(parsed.error().message.find(part_of_message), std::string::npos) << parsed.error().message;
}
void expect_error(const Records& records, std::string_view part_of_message) {
  expect_error(ColumnFields::of(records), part_of_message);
}

TEST(Ends, AreOnlyWrittenWhereNothingElseTells) {
  expect_written_is_read({file("a", 0), whole("")}, 0);
  expect_written_is_read({file("a", 2), raw_chunk("hi"), whole("hi")}, 0);
  expect_written_is_read({file("a", 7), HoleRecord{7}, EntryEnd{7, digest_of("")}}, 0);
  expect_written_is_read({file("a"), whole("")}, 1);
  expect_written_is_read({file("a"), raw_chunk("hi"), whole("hi")}, 1);
  expect_written_is_read({file("a"), HoleRecord{7}, EntryEnd{7, digest_of("")}}, 1);
  expect_written_is_read({file("a", 4), raw_chunk("hi"), raw_chunk("ho"), whole("hiho")}, 1);
  expect_written_is_read({file("a", 4), raw_chunk("hi"), HoleRecord{2}, EntryEnd{4, digest_of("hi")}}, 1);
  expect_written_is_read({file("a", 4), HoleRecord{2}, raw_chunk("hi"), EntryEnd{4, digest_of("hi")}}, 1);
  // Only the first item tells all of a file; the checker refuses these.
  expect_written_is_read({file("a", 2), raw_chunk("h"), HoleRecord{2}, EntryEnd{2, digest_of("h")}}, 1);
  expect_written_is_read({file("a", 2), HoleRecord{1}, raw_chunk("hi"), EntryEnd{2, digest_of("hi")}}, 1);
  expect_written_is_read({file("a", 2), HoleRecord{1}, raw_chunk("hi!"), EntryEnd{2, digest_of("hi")}}, 1);
}

// What is told twice would be another encoding of the same records.
TEST(Ends, ThatNeedNoTellingAreNotTold) {
  const auto told = [](Records records) {
    ColumnFields fields = ColumnFields::of(records);
    return fields.item(samples::kEndItem).number(kEndSizes, 2).digest(kEndDigests);
  };
  expect_error(told({file("a", 0), whole("")}), "data outside a file");
  expect_error(told({file("a", 2), raw_chunk("hi"), whole("hi")}), "data outside a file");
  expect_error(told({file("a", 2), HoleRecord{2}, EntryEnd{2, digest_of("")}}), "data outside a file");
  expect_error(told(samples::pack_of_three()), "data outside a file");
}

TEST(Ends, OfAFileThatIsOpenAcrossSegmentsAreTold) {
  expect_written_is_read({file("a", 4)}, 0);
  expect_written_is_read({file("a", 4), raw_chunk("hi")}, 0);
  expect_written_is_read({file("a", 4), HoleRecord{2}}, 0);
  expect_written_is_read({raw_chunk("hi"), whole("hiho")}, 1, kInside);
  expect_written_is_read(
      {raw_chunk("hi"), raw_chunk("ho"), whole("hiho"), file("b", 1), raw_chunk("b"), whole("b")}, 1,
      kInside);
  expect_written_is_read({HoleRecord{4}, EntryEnd{4, digest_of("")}}, 1, kInside);
  expect_written_is_read({whole("")}, 1, kInside);
  expect_written_is_read({raw_chunk("on and on")}, 0, kInside);
  expect_written_is_read({}, 0, kInside);
  expect_error(ColumnFields::of({directory("d")}), "entry follows a file that is not finished", kInside);
  expect_error(ColumnFields::of({raw_chunk("hi"), whole("hi")}, kInside), "data outside a file");
}

TEST(GivenUp, AFileEndsWithALeftOutEntry) {
  expect_written_is_read({file("a"), LeftOut{LeftOutReason::io, "a"}}, 0);
  expect_written_is_read(
      {file("a", 4), raw_chunk("hi"), LeftOut{LeftOutReason::changed, "a"}, directory("b")}, 0);
  expect_written_is_read(
      {file("a", 4), raw_chunk("hi"), raw_chunk("ho"), LeftOut{LeftOutReason::changed, "a"}}, 0);
  expect_written_is_read({LeftOut{LeftOutReason::io, "a"}, LeftOut{LeftOutReason::io, "b"}}, 0, kInside);
}

TEST(GivenUp, WithoutAWordIsRefused) {
  const ColumnFields alone = ColumnFields::of({file("a"), raw_chunk("hi")}).item(samples::kGivenUpItem);
  expect_error(alone, "given up without a word");
  ColumnFields other = ColumnFields::of({file("a"), raw_chunk("hi")});
  const ColumnFields both = ColumnFields::of({file("a"), whole(""), directory("b")});
  other.entries = both.entries;
  for (const samples::Column column : {kKinds, kShared, kRests, kModes, kSeconds, kNanoseconds})
    other.set(column, both.columns[column]);
  expect_error(ColumnFields(other), "entry follows a file that is not finished");
  expect_error(other.item(samples::kGivenUpItem), "given up without a word");
}

// Its only item has ended it; that it is left out then follows from its path.
TEST(GivenUp, AFileWhoseEndNeedsNoTelling) {
  expect_written_is_read(
      {file("a", 2), raw_chunk("hi"), LeftOut{LeftOutReason::changed, "a"}, directory("b")}, 0);
  expect_written_is_read({file("a", 2), HoleRecord{2}, LeftOut{LeftOutReason::changed, "a"}}, 0);
  expect_written_is_read({file("a", 0), LeftOut{LeftOutReason::changed, "a"}}, 0);
  const Records given_up{file("a", 2), raw_chunk("hi"), LeftOut{LeftOutReason::changed, "a"}};
  EXPECT_EQ(ColumnFields::of(given_up).items, 1u);
  expect_error(ColumnFields::of(given_up).item(samples::kGivenUpItem), "data outside a file");
  // Others are given up by an item, or not at all: the checker finds the path twice.
  for (const Records& twice :
       {Records{file("a"), whole(""), LeftOut{LeftOutReason::changed, "a"}},
        Records{file("a", 2), raw_chunk("h"), raw_chunk("i"), whole("hi"),
                LeftOut{LeftOutReason::changed, "a"}},
        Records{file("a", 0), whole(""), symlink("b", "x"), LeftOut{LeftOutReason::io, "b"}},
        Records{file("a", 0), whole(""), LeftOut{LeftOutReason::io, "aa"}}}) {
    const auto parsed = parse_columns(encode_columns(twice, false), false);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, twice);
  }
}

TEST(Packs, HaveOneChunkAndNoEnds) {
  const ColumnFields fields = ColumnFields::of(samples::pack_of_three());
  EXPECT_EQ(fields.items, 1u);
  EXPECT_EQ(fields.columns[kItems], Bytes{13});
  expect_written_is_read(samples::pack_of_three(), 0);
}

TEST(Packs, WhatHasNoContentMayStandInOne) {
  expect_written_is_read(
      {file("a", 1), raw_chunk("ab"), in_pack(1), directory("b"), LeftOut{LeftOutReason::io, "b"},
       LeftOut{LeftOutReason::io, "c"}, symlink("d", "x"), file("e", 0), whole(""), file("f", 1), in_pack(1)},
      0);
  // Behind the last of its files, a pack is at its end.
  expect_written_is_read(
      {file("a", 1), raw_chunk("ab"), in_pack(1), file("b", 1), in_pack(1), file("c"), whole("")}, 1);
}

TEST(Packs, FollowEachOther) {
  expect_written_is_read(
      {file("a", 1), raw_chunk("ab"), in_pack(1), file("b", 1), in_pack(1), file("c", 1), raw_chunk("cd"),
       in_pack(1), file("d", 1), in_pack(1), file("e", 2), raw_chunk("ee"), whole("ee")},
      0);
  expect_written_is_read(
      {raw_chunk("end"), whole("end"), file("b", 1), raw_chunk("bc"), in_pack(1), file("c", 1), in_pack(1)},
      1, kInside);
}

TEST(Packs, ThatDoNotAddUpAreRefused) {
  const Records begun{file("a", 1), raw_chunk("abcd"), in_pack(1)};
  const auto then = [&](std::initializer_list<Record> more) {
    Records records = begun;
    records.insert(records.end(), more.begin(), more.end());
    return records;
  };
  expect_error(begun, "longer than the files in it");
  expect_error(then({directory("b")}), "longer than the files in it");
  expect_error(then({file("b", 2), in_pack(2)}), "longer than the files in it");
  expect_error(then({file("b", 4), whole("abcd")}), "reaches beyond");
  expect_error(then({file("b", kMaxObjectBytes)}), "reaches beyond");
  expect_error(then({file("b"), whole("bcd")}), "reaches beyond");
  expect_error(then({file("b"), LeftOut{LeftOutReason::io, "b"}}), "reaches beyond");
  expect_error(then({file("b", 0), whole("")}), "longer than the files in it");
  expect_written_is_read(then({file("b", 3), in_pack(3)}), 0);
}

// A hole or a chunk in a pack belongs to no file: they are all told.
TEST(Packs, HaveNoOtherItems) {
  const Records begun{file("a", 1), raw_chunk("abc"), in_pack(1), file("b", 1),
                      in_pack(1),   file("c", 1),     in_pack(1)};
  expect_error(ColumnFields::of(begun).item(samples::kHoleItem).number(kHoles, 1), "data outside a file");
  expect_error(ColumnFields::of(begun).item(samples::kGivenUpItem), "data outside a file");
  expect_error(ColumnFields::of(begun).item(3).byte(kCodecs, 0).digest(kDigests), "data outside a file");
}

// Where a file's size is not there to see, nothing tells that its chunk is longer; the checker refuses both.
TEST(Packs, BeginWithTheFirstItemOfAFileOfKnownSize) {
  const Records unknown{file("a"), raw_chunk("ab"), EntryEnd{1, digest_of("a")}, file("b", 1)};
  expect_written_is_read(unknown, 1);
  const Records later{raw_chunk("ab"), EntryEnd{1, digest_of("a")}, file("b", 1)};
  expect_written_is_read(later, 1, kInside);
}

// Where content lies: file, offset in it, bytes, offset in the chunk.
TEST(ContentCursor, TellsWhatOfAChunkAFileHas) {
  ContentCursor cursor;
  std::vector<std::array<std::uint64_t, 4>> parts;
  std::uint64_t files = 0;
  Records records = samples::pack_of_three();
  for (const Record& more :
       Records{file("4"), raw_chunk("12345"), HoleRecord{10}, raw_chunk("67"),
               EntryEnd{17, digest_of("1234567")}, file("5", 2), raw_chunk("ab"), whole("ab")})
    records.push_back(more);
  for (const Record& record : records) {
    const auto* entry = std::get_if<EntryBegin>(&record);
    files += entry != nullptr && entry->kind == EntryKind::file ? 1 : 0;
    if (const auto part = cursor.add(record)) {
      parts.push_back({files, part->file_offset, part->size, part->chunk_offset});
      EXPECT_EQ(part->hole, std::holds_alternative<HoleRecord>(record));
    }
    if (parts.size() < 3) {
      EXPECT_EQ(cursor.pack_left() == 0, parts.empty());
    }
  }
  const decltype(parts) expected{{1, 0, 3, 0},  {3, 0, 5, 3},  {4, 0, 3, 8}, {5, 0, 5, 0},
                                 {5, 5, 10, 0}, {5, 15, 2, 0}, {6, 0, 2, 0}};
  EXPECT_EQ(parts, expected);
  EXPECT_EQ(cursor.pack_left(), 0u);
}

}  // namespace
}  // namespace dcdn::wire
