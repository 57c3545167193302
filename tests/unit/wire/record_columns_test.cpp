#include "wire/record_columns.hpp"

#include <limits>

#include "unit/wire/column_fields.hpp"
#include "wire/frame.hpp"

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

void expect_error(const ColumnFields& fields, std::string_view part_of_message, Errc code = Errc::corrupt,
                  bool inside_file = false) {
  const auto parsed = parse_columns(fields.plain(), inside_file);
  ASSERT_FALSE(parsed) << part_of_message;
  EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
  EXPECT_NE(parsed.error().message.find(part_of_message), std::string::npos) << parsed.error().message;
}

void expect_written_is_read(const Records& records, bool inside_file = false) {
  const Bytes plain = encode_columns(records, inside_file);
  const auto parsed = parse_columns(plain, inside_file);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, records);
  EXPECT_EQ(encode_columns(*parsed, inside_file), plain);
}

// One file, whose size is not known beforehand, with these items.
ColumnFields one_file() {
  ColumnFields fields = ColumnFields::of({file("f"), whole("")});
  fields.items = 0;
  return fields.set(kItems, {}).set(kEndSizes, {}).set(kEndDigests, {});
}
ColumnFields one_directory() {
  return ColumnFields::of({directory("d")});
}

// Something of every column.
Records every_column() {
  return {directory(""),
          LeftOut{LeftOutReason::permission, ""},
          file("a"),
          samples::packed_chunk(500, 100, "p"),
          HoleRecord{300},
          samples::chunk_after(1, 20, 7, "q"),
          raw_chunk("x"),
          EntryEnd{821, digest_of("all of a")},
          symlink("b", "c"),
          samples::owned(file("c", 5)),
          raw_chunk("hello"),
          whole("hello"),
          samples::hard_link("d", 5, 2)};
}

TEST(RecordColumns, WhatTheOrderSaysIsNotWritten) {
  const ColumnFields fields = ColumnFields::of(every_column());
  EXPECT_EQ(fields.entries, 6u);
  EXPECT_EQ(fields.items, 6u);
  EXPECT_EQ(fields.columns[kKinds], (Bytes{1, 4, 0, 2, 0, 3}));
  EXPECT_EQ(fields.columns[kShared], Bytes(6, 0));
  EXPECT_EQ(fields.columns[kRests], (Bytes{0, 0, 1, 1, 1, 1, 'a', 'b', 'c', 'd'}));
  EXPECT_EQ(fields.columns[kSizes], (Bytes{0, 6, 6}));
  EXPECT_EQ(fields.columns[kBacks], Bytes{2});
  EXPECT_EQ(fields.columns[kTargets], (Bytes{1, 'c'}));
  EXPECT_EQ(fields.columns[kReasons], Bytes{1});
  EXPECT_EQ(fields.columns[kItems], (Bytes{0xF6, 3, 0, 22, 3, 1, 7}));
  EXPECT_EQ(fields.columns[kHoles], (Bytes{0xAC, 2}));
  EXPECT_EQ(fields.columns[kCodecs], (Bytes{1, 3, 0, 0}));
  EXPECT_EQ(fields.columns[kPasts], Bytes{1});
  EXPECT_EQ(fields.columns[kCarriedSizes], (Bytes{100, 7}));
  EXPECT_EQ(fields.columns[kDigests].size(), 6u * 32);
  EXPECT_EQ(fields.columns[kEndSizes], (Bytes{0xB5, 6}));
  EXPECT_EQ(fields.columns[kEndDigests].size(), 32u);
  expect_written_is_read(every_column());
}

TEST(RecordColumns, NoRecords) {
  expect_written_is_read({});
  expect_written_is_read({}, true);
  EXPECT_EQ(encode_columns({}, false), Bytes(2 + kColumns, 0));
}

// Each column holds exactly what the records take of it.
TEST(RecordColumns, AColumnAByteShortOrLong) {
  const ColumnFields good = ColumnFields::of(every_column());
  for (std::size_t i = 0; i < kColumns; ++i) {
    ASSERT_FALSE(good.columns[i].empty()) << i;
    ColumnFields fields = good;
    fields.columns[i].pop_back();
    EXPECT_FALSE(parse_columns(fields.plain(), false)) << i;
    for (std::uint8_t more : {0, 1, 0x80}) {
      fields = good;
      fields.columns[i].push_back(more);
      EXPECT_FALSE(parse_columns(fields.plain(), false)) << i;
    }
  }
}

TEST(RecordColumns, EveryTruncationAndEveryByteMoreIsRefused) {
  for (const Records& records : {every_column(), samples::pack_of_three()}) {
    Bytes plain = encode_columns(records, false);
    for (std::size_t size = 0; size < plain.size(); ++size)
      EXPECT_FALSE(parse_columns(ByteView(plain).first(size), false)) << size;
    plain.push_back(0);
    EXPECT_FALSE(parse_columns(plain, false));
  }
}

TEST(RecordColumns, CountsThatLie) {
  const ColumnFields good = ColumnFields::of(every_column());
  const auto with = [&](std::uint64_t entries, std::uint64_t items) {
    ColumnFields fields = good;
    fields.entries = entries;
    fields.items = items;
    return fields;
  };
  expect_error(with(5, 6), "not as many records");
  expect_error(with(7, 6), "not as many records");
  expect_error(with(0, 6), "not as many records");
  expect_error(with(6, 5), "not finished");  // the file c is open, and an item is left
  expect_error(with(6, 8), "not as many records");
  expect_error(with(6, 7), "data outside a file");
  expect_error(with(kMaxEntries + 1, 5), "16385 entries");
  expect_error(with(6, kMaxItems + 1), "4097 items");
  expect_error(with(~std::uint64_t{0}, 5), "entries");
  expect_error(with(6, ~std::uint64_t{0}), "items");
}

TEST(RecordColumns, AsMuchAsTheLimitsAllow) {
  Records entries;
  for (std::size_t i = 0; i < kMaxEntries; ++i)
    entries.emplace_back(LeftOut{LeftOutReason::io, std::string(1, i % 2 == 0 ? 'a' : 'b')});
  expect_written_is_read(entries);
  const Records items(kMaxItems, HoleRecord{1});
  expect_written_is_read(items, true);
}

TEST(RecordColumns, APathSharesAllThatItCan) {
  const auto two = [](std::uint64_t shared, std::string_view rest) {
    ColumnFields fields = ColumnFields::of({directory("ab"), directory("ab/c")});
    Bytes rests{2, static_cast<std::uint8_t>(rest.size()), 'a', 'b'};
    rests.insert(rests.end(), rest.begin(), rest.end());
    return fields.set(kShared, {0}).number(kShared, shared).set(kRests, rests);
  };
  EXPECT_TRUE(parse_columns(two(2, "/c").plain(), false));
  EXPECT_TRUE(parse_columns(two(1, "").plain(), false));
  EXPECT_TRUE(parse_columns(two(1, "c").plain(), false));
  EXPECT_TRUE(parse_columns(two(2, "").plain(), false));  // the checker refuses it
  expect_error(two(1, "b/c"), "shares more than it says");
  expect_error(two(0, "a"), "shares more than it says");
  expect_error(two(3, "c"), "shares more than there is");
  expect_error(two(~std::uint64_t{0}, "c"), "shares more than there is");
}

TEST(RecordColumns, LengthsOfNamesThatLie) {
  ColumnFields fields = one_directory();
  expect_error(fields.set(kRests, {2, 'd'}), "names are not as long");
  expect_error(fields.set(kRests, {0, 'd'}), "names are not as long");
  expect_error(fields.set(kRests, {0x81, 0, 'd'}), "names are not as long");
  Bytes endless(10, 0xFF);
  endless.back() = 1;
  expect_error(fields.set(kRests, endless), "names are not as long");
  fields = ColumnFields::of({symlink("l", "x")});
  expect_error(fields.set(kTargets, {2, 'x'}), "names are not as long");
  expect_error(fields.set(kTargets, {}), "names are not as long");
}

// A path is a few bytes more than the one before it, so a few bytes would be many MiB of paths.
TEST(RecordColumns, NamesOfAFewBytesThatAreLong) {
  ColumnFields fields;
  std::string path = std::string(255, 'a');
  while (path.size() + 256 < kMaxPathBytes) path += "/" + std::string(255, 'a');
  const auto fits = static_cast<std::uint64_t>(kMaxNames / path.size());
  const auto with = [&](std::uint64_t count) {
    Records records;
    for (std::uint64_t i = 0; i < count; ++i) {
      path.back() = i % 2 == 0 ? 'b' : 'c';
      records.emplace_back(LeftOut{LeftOutReason::io, path});
    }
    return ColumnFields::of(records);
  };
  EXPECT_LT(with(fits + 1).plain().size(), 8000u);
  EXPECT_TRUE(parse_columns(with(fits).plain(), false));
  expect_error(with(fits + 1), "longer than all may be together");
  expect_error(with(kMaxEntries), "longer than all may be together");
  Records links;
  for (std::size_t i = 0; i <= kMaxNames / kMaxPathBytes; ++i)
    links.emplace_back(
        symlink(std::string(1, static_cast<char>('0' + i % 10)), std::string(kMaxPathBytes, 't')));
  expect_error(ColumnFields::of(links), "longer than all may be together");
}

TEST(RecordColumns, PathsThatEscapeAreRefused) {
  const std::string_view with_nul("a\0b", 3);
  for (std::string_view bad :
       {std::string_view(".."), std::string_view("."), std::string_view("a/.."), std::string_view("../a"),
        std::string_view("a/../b"), std::string_view("/etc"), std::string_view("a//b"),
        std::string_view("a/"), std::string_view("./a"), with_nul}) {
    expect_error(one_directory().set(kRests, {}).text(kRests, bad), "path");
    expect_error(ColumnFields::of({LeftOut{LeftOutReason::io, std::string(bad)}}), "path");
  }
  // In two steps, each of which is harmless.
  expect_error(ColumnFields::of({directory("a/."), directory("a/..")}), "path");
  const std::string too_long(kMaxPathBytes + 1, 'p');
  expect_error(one_directory().set(kRests, {}).text(kRests, too_long), "too long");
}

TEST(RecordColumns, FieldsOfEntriesOutOfRange) {
  expect_error(one_directory().set(kModes, {}).number(kModes, 010000), "mode 10000");
  expect_error(one_directory().set(kModes, {}).number(kModes, ~std::uint64_t{0}), "outside 07777");
  expect_error(one_file().set(kSizes, {}).number(kSizes, kMaxObjectBytes + 2), "promised size");
  const auto target = [](std::string_view value) {
    return ColumnFields::of({symlink("l", "x")}).set(kTargets, {}).text(kTargets, value);
  };
  expect_error(target(""), "empty or has a NUL");
  expect_error(target(std::string_view("a\0b", 3)), "empty or has a NUL");
  expect_error(target(std::string(kMaxPathBytes + 1, 't')), "too long");
  for (std::uint8_t kind : {5, 255})
    expect_error(one_directory().set(kKinds, {kind}), "entry kind", Errc::unsupported);
}

TEST(RecordColumns, TimesFromOneEndToTheOther) {
  constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  Records records;
  char name = 'a';
  for (std::int64_t time :
       {first, last, first + 1, last - 1, first, std::int64_t{0}, std::int64_t{-1}, last,
        std::int64_t{1'000'000'000}, std::int64_t{999'999'999}, std::int64_t{-1'000'000'000},
        std::int64_t{-999'999'999}, std::int64_t{-1'000'000'001}}) {
    EntryBegin entry = directory(std::string(1, name++));
    entry.mtime_ns = time;
    records.emplace_back(entry);
  }
  expect_written_is_read(records);
}

TEST(RecordColumns, TimesOutOfRange) {
  const auto at = [](std::int64_t seconds, std::uint32_t nanoseconds) {
    const auto folded =
        (static_cast<std::uint64_t>(seconds) << 1) ^ static_cast<std::uint64_t>(seconds >> 63);
    return one_directory()
        .set(kSeconds, {})
        .number(kSeconds, folded)
        .set(kNanoseconds, {})
        .word(kNanoseconds, nanoseconds);
  };
  EXPECT_TRUE(parse_columns(at(9'223'372'036, 854'775'807).plain(), false));
  expect_error(at(9'223'372'036, 854'775'808), "time is out of range");
  expect_error(at(9'223'372'037, 0), "time is out of range");
  EXPECT_TRUE(parse_columns(at(-9'223'372'037, 145'224'192).plain(), false));
  expect_error(at(-9'223'372'037, 145'224'191), "time is out of range");
  expect_error(at(-9'223'372'038, 999'999'999), "time is out of range");
  expect_error(at(0, 1'000'000'000), "time is out of range");
  expect_error(at(0, ~std::uint32_t{0}), "time is out of range");
  expect_error(at(std::numeric_limits<std::int64_t>::max(), 0), "time is out of range");
  expect_error(at(std::numeric_limits<std::int64_t>::min(), 0), "time is out of range");
  ColumnFields twice = ColumnFields::of({directory("a"), directory("b")});
  twice.set(kSeconds, {}).number(kSeconds, 9'223'372'036 * 2).number(kSeconds, ~std::uint64_t{0} - 1);
  expect_error(twice, "time is out of range");
}

TEST(RecordColumns, ItemsOutOfRange) {
  expect_error(one_file().item(kMaxChunkContent + 3).byte(kCodecs, 0).digest(kDigests), "content size");
  expect_error(one_file().item(~std::uint64_t{0}).byte(kCodecs, 0).digest(kDigests), "content size");
  expect_error(one_file().item(12).byte(kCodecs, 4).digest(kDigests), "codec 4", Errc::unsupported);
  for (std::uint64_t size : {0u, 10u, 11u, 1u << 30})
    expect_error(
        one_file().item(12).byte(kCodecs, 1).digest(kDigests).number(kCarriedSizes, size).digest(kDigests),
        "carried size");
  for (std::uint64_t size : {std::uint64_t{0}, kMaxObjectBytes + 1, ~std::uint64_t{0}})
    expect_error(one_file().item(samples::kHoleItem).number(kHoles, size), "hole");
  expect_error(one_file().item(samples::kEndItem).number(kEndSizes, kMaxObjectBytes + 1).digest(kEndDigests),
               "size of a file");
}

TEST(RecordColumns, WhatAnEmptyColumnCostsIsAllThatOrdinaryTreesPay) {
  const ColumnFields fields = ColumnFields::of(samples::pack_of_three());
  EXPECT_TRUE(fields.columns[kBacks].empty());
  EXPECT_TRUE(fields.columns[kExtras].empty());
}

TEST(RecordColumns, AHardLinkTellsTheLengthOfItsFile) {
  const ColumnFields good = ColumnFields::of({samples::hard_link("l", 5)});
  EXPECT_TRUE(parse_columns(good.plain(), false));  // whether there is a file is the checker's
  expect_error(ColumnFields(good).set(kSizes, {0}), "how long");
  expect_error(ColumnFields(good).set(kSizes, {}).number(kSizes, kMaxObjectBytes + 2), "over the limit");
  expect_error(ColumnFields(good).set(kModes, {0}), "too long");
  expect_error(ColumnFields(good).set(kBacks, {}), "cut off");
}

// Distance of the entry, kind, bytes.
Bytes extra(std::uint64_t distance, std::uint8_t kind, std::string_view bytes) {
  Bytes all;
  ByteWriter out(all);
  out.varint(distance);
  out.fixed(kind);
  out.text(bytes);
  return all;
}

TEST(RecordColumns, ExtrasBelongToTheirEntries) {
  Records records{samples::owned(directory("a")), directory("b"), samples::owned(file("b/c", 0)), whole("")};
  expect_written_is_read(records);
  const ColumnFields good = ColumnFields::of({directory("a"), directory("b")});
  const auto with = [&](std::initializer_list<Bytes> extras) {
    return ColumnFields(good).set(kExtras, samples::joined(extras));
  };
  const Bytes one = extra(0, 2, "\x06user.ax");
  EXPECT_TRUE(parse_columns(with({one}).plain(), false));
  EXPECT_TRUE(parse_columns(with({extra(1, 2, "\x06user.ax")}).plain(), false));
  EXPECT_TRUE(
      parse_columns(with({one, extra(0, 2, "\x06user.b"), extra(1, 2, "\x06user.a")}).plain(), false));
  expect_error(with({extra(2, 2, "\x06user.ax")}), "of no entry");
  expect_error(with({extra(~std::uint64_t{0}, 2, "\x06user.ax")}), "of no entry");
  expect_error(with({one, extra(~std::uint64_t{0}, 2, "\x06user.b")}), "of no entry");
  expect_error(with({one, Bytes{1}}), "cut off");
  expect_error(with({Bytes{2}}), "of no entry");
  ColumnFields link = ColumnFields::of({samples::hard_link("l", 5)});
  expect_error(link.set(kExtras, one), "of no entry");
  ColumnFields left = ColumnFields::of({LeftOut{LeftOutReason::io, "l"}});
  expect_error(left.set(kExtras, one), "of no entry");
}

TEST(RecordColumns, ExtrasThatNobodyWrites) {
  const auto with = [](std::initializer_list<Bytes> extras) {
    return one_directory().set(kExtras, samples::joined(extras));
  };
  const std::string_view root("\0\0\4root\4root", 12);
  EXPECT_TRUE(parse_columns(with({extra(0, 1, root)}).plain(), false));
  EXPECT_TRUE(parse_columns(with({extra(0, 1, std::string_view("\0\0\0\0", 4))}).plain(), false));
  for (std::uint8_t kind : {0, 3, 255}) expect_error(with({extra(0, kind, "x")}), "extra", Errc::unsupported);
  expect_error(with({extra(0, 1, root), extra(0, 1, root)}), "out of order");
  expect_error(with({extra(0, 2, "\x06user.a"), extra(0, 1, root)}), "out of order");
  expect_error(with({extra(0, 2, "\x06user.b"), extra(0, 2, "\x06user.a")}), "out of order");
  expect_error(with({extra(0, 2, "\x06user.a"), extra(0, 2, "\x06user.ax")}), "repeated");
  expect_error(with({extra(0, 1, root.substr(0, 11))}), "cut off");
  expect_error(with({extra(0, 1, std::string(root) + "x")}), "too long");
  expect_error(with({extra(0, 1, std::string_view("\0\0\4ro\0t\0", 8))}), "NUL or a slash");
  expect_error(with({extra(0, 1, std::string_view("\0\0\0\4ro/t", 8))}), "NUL or a slash");
  expect_error(with({extra(0, 1, std::string_view("\xFF\xFF\xFF\xFF\x0F\0\0\0", 8))}), "out of range");
  expect_error(with({extra(0, 1, std::string_view("\0\x80\x80\x80\x80\x10\0\0", 8))}), "out of range");
  expect_error(with({extra(0, 2, "")}), "cut off");
  expect_error(with({extra(0, 2, std::string_view("\0x", 2))}), "empty");
  expect_error(with({extra(0, 2, "\x06us/r.a")}), "NUL or a slash");
  expect_error(with({extra(0, 2, std::string_view("\x06us\0r.a", 7))}), "NUL or a slash");
  expect_error(with({extra(0, 2, "\x07user.a")}), "cut off");
  expect_error(with({extra(0, 2, std::string("\x80\x02") + std::string(256, 'n'))}), "too long");
}

TEST(RecordColumns, ExtrasUpToTheirLimit) {
  EntryBegin entry = directory("d");
  Attribute attribute{"user.a", Bytes(kMaxExtras - 11, 'v')};
  entry.extras = encode_extras({std::nullopt, {attribute}});
  ASSERT_EQ(entry.extras.size(), kMaxExtras);
  expect_written_is_read({entry});
  attribute.value.push_back('v');
  entry.extras = encode_extras({std::nullopt, {attribute}});
  expect_error(ColumnFields::of({entry}), "longer than the limit");
  entry.extras = encode_extras({std::nullopt, {{"user.a", Bytes(40'000)}, {"user.b", Bytes(40'000)}}});
  expect_error(ColumnFields::of({entry}), "longer than the limit");
  EXPECT_FALSE(parse_extras(entry.extras));
}

TEST(RecordColumns, DataOutsideAFile) {
  for (std::uint64_t code :
       {samples::kHoleItem, samples::kEndItem, samples::kGivenUpItem, std::uint64_t{3}}) {
    expect_error(one_directory().item(code), "data outside a file");
    expect_error(ColumnFields::of({file("a", 1), raw_chunk("x"), whole("x")}).item(code),
                 "data outside a file");
    expect_error(ColumnFields::of({file("a", 0), whole("")}).item(code), "data outside a file");
  }
}

}  // namespace
}  // namespace dcdn::wire
