// Random trees, as an honest writer may make them: what is written is read, and belongs together.
#include <array>
#include <limits>
#include <numeric>
#include <random>

#include "unit/wire/column_fields.hpp"
#include "wire/content_cursor.hpp"

namespace dcdn::wire {
namespace {

using samples::digest_of;

class RandomTree {
 public:
  explicit RandomTree(std::uint64_t seed) : random_(seed) {}

  std::vector<Segment> make() {
    chain_.emplace_back().object = ObjectHeader{ObjectKind::tree, "t", below(2) == 0, below(2) == 0};
    for (std::uint64_t left = below(40); left > 0; --left) {
      entry();
      if (below(8) == 0) cut(false);
    }
    samples::link_chain(chain_);
    return std::move(chain_);
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void entry() {
    switch (below(10)) {
      case 0:
        return enter();
      case 1:
        if (!folder_.empty()) folder_ = folder_.substr(0, folder_.find_last_of('/', folder_.size() - 2) + 1);
        return;
      case 2:
        return record(dated(samples::symlink(next_path(), std::string(1 + below(9), 't'))));
      case 3:
        return record(LeftOut{static_cast<LeftOutReason>(below(256)), next_path()});
      case 4:
      case 5:
        return pack();
      case 6:
        return simple_file();
      case 9:
        if (files_ > 0) record(samples::hard_link(next_path(), below(100), 1 + below(files_)));
        return;
      default:
        return file_of_parts();
    }
  }
  void enter() {
    const std::string path = next_path();
    record(dated(samples::directory(path)));
    folder_ = path + "/";
    if (below(4) == 0) record(LeftOut{LeftOutReason::limit, path});
  }
  void simple_file() {
    const auto size = static_cast<std::uint32_t>(below(3) == 0 ? 0 : 1 + below(kMaxChunkContent));
    const std::string path = begin(size);
    Digest content = digest_of("");
    if (size > 0 && below(3) == 0)
      record(HoleRecord{size});
    else if (size > 0)
      content = chunk(size);
    if (below(6) == 0) return record(LeftOut{LeftOutReason::changed, path});
    record(EntryEnd{size, content});
  }
  // Its size is told beforehand or not, and its parts may be in several segments.
  void file_of_parts() {
    std::vector<std::uint32_t> parts(2 + below(4));
    std::uint64_t size = 0;
    for (std::uint32_t& part : parts) size += part = static_cast<std::uint32_t>(1 + below(100'000));
    const std::string path = begin(below(2) == 0 ? std::optional(size) : std::nullopt);
    for (const std::uint32_t part : parts) {
      if (below(4) == 0) cut(true);
      if (below(3) == 0)
        record(HoleRecord{part});
      else
        chunk(part);
    }
    if (below(6) == 0) return record(LeftOut{LeftOutReason::changed, path});
    record(EntryEnd{size, digest_of("parts")});
  }
  void pack() {
    std::vector<std::uint32_t> sizes(2 + below(5));
    std::uint32_t sum = 0;
    for (std::uint32_t& size : sizes) sum += size = static_cast<std::uint32_t>(1 + below(500));
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (i > 0) between();
      begin(sizes[i]);
      if (i == 0) chunk(sum);
      record(EntryEnd{sizes[i], std::nullopt});
    }
  }
  void between() {
    if (below(4) == 0) enter();
    if (below(4) == 0) record(LeftOut{LeftOutReason::io, next_path()});
    if (below(4) > 0) return;
    begin(0);
    record(EntryEnd{0, digest_of("")});
  }

  std::string begin(std::optional<std::uint64_t> size) {
    const EntryBegin entry = samples::file(next_path(), size);
    ++files_;
    record(dated(entry));
    return entry.path;
  }
  EntryBegin dated(EntryBegin entry) {
    constexpr std::array<std::int64_t, 4> times{std::numeric_limits<std::int64_t>::min(), -1,
                                                1'700'000'000'000'000'000,
                                                std::numeric_limits<std::int64_t>::max()};
    entry.mtime_ns = below(3) == 0 ? static_cast<std::int64_t>(random_()) : times[below(times.size())];
    entry.mode = static_cast<std::uint16_t>(below(010000));
    if (below(5) == 0) entry.extras = extras();
    return entry;
  }
  Bytes extras() {
    Extras made;
    if (below(2) == 0)
      made.owner = Owner{static_cast<std::uint32_t>(below(kNoId)), 0, below(2) == 0 ? "" : "someone", "g"};
    for (std::uint64_t i = below(4); i > 0; --i)
      made.attributes.push_back({"user." + std::to_string(1000 - i), Bytes(below(300), 'v')});
    return encode_extras(made);
  }
  Digest chunk(std::uint32_t size) {
    const Digest content = digest_of(std::to_string(random_()));
    sizes_.push_back(size);
    const std::size_t past = sizes_.size() < 2 ? 0 : 1 + below(std::min(sizes_.size() - 1, kMaxPast));
    const std::uint64_t bytes =
        std::accumulate(sizes_.end() - 1 - static_cast<std::ptrdiff_t>(past), sizes_.end(), std::uint64_t{0});
    const bool fits = past > 0 && bytes <= kMaxPastBytes;
    if (size < 2 || below(3) == 0)
      record(ChunkRecord{CodecId::raw, size, size, content, content});
    else if (fits && below(2) == 0)
      record(ChunkRecord{CodecId::zstd_after, size, static_cast<std::uint32_t>(1 + below(size - 1)), content,
                         digest_of("c"), static_cast<std::uint8_t>(past)});
    else
      record(ChunkRecord{CodecId::lz4, size, static_cast<std::uint32_t>(1 + below(size - 1)), content,
                         digest_of("c")});
    return content;
  }
  std::string next_path() { return folder_ + std::to_string(number_++); }
  void record(Record record) { chain_.back().records.push_back(std::move(record)); }
  void cut(bool inside_file) {
    if (chain_.back().records.empty()) return;
    chain_.emplace_back().inside_file = inside_file;
    sizes_.clear();
    chain_.back().rung = static_cast<std::uint8_t>(below(kMaxRung + 1));
    chain_.back().chunk_bytes = static_cast<std::uint32_t>(kMinChunkContent << below(11));
  }

  std::mt19937_64 random_;
  std::vector<Segment> chain_;
  std::string folder_;                // with '/' at its end, if not empty
  std::vector<std::uint32_t> sizes_;  // of the chunks of this segment
  std::uint64_t files_ = 0;
  std::uint64_t number_ = 1'000'000;  // all of one length, so that they ascend
};

// Sums what files have, by what the cursor says of the records.
struct Sums {
  ContentCursor cursor;
  std::uint64_t file = 0;

  void add(const Record& record) {
    if (std::holds_alternative<EntryBegin>(record)) file = 0;
    const std::uint32_t left = cursor.pack_left();
    const auto part = cursor.add(record);
    if (part) {
      EXPECT_EQ(part->file_offset, file);
      file += part->size;
    }
    const bool packed = part && std::holds_alternative<EntryBegin>(record);
    EXPECT_TRUE(!packed || left - cursor.pack_left() == part->size);
    const auto* end = std::get_if<EntryEnd>(&record);
    EXPECT_TRUE(end == nullptr || file == end->size);
  }
};

TEST(RandomSegments, WhatIsWrittenIsReadAndBelongsTogether) {
  std::size_t segments = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    ManifestChecker checker;
    Sums sums;
    for (const Segment& segment : RandomTree(seed).make()) {
      ++segments;
      const Bytes body = encode_segment(segment);
      const auto parsed = parse_segment(body);
      ASSERT_TRUE(parsed) << seed << ": " << parsed.error().message;
      ASSERT_EQ(*parsed, segment) << seed;
      const Bytes plain = samples::plain_body(segment);
      ASSERT_EQ(samples::plain_body(*parsed), plain) << seed;
      ASSERT_TRUE(parse_segment(plain)) << seed;
      const auto added = checker.add(*parsed, segment_id(plain));
      ASSERT_TRUE(added) << seed << ": " << added.error().message;
      for (const Record& record : parsed->records) sums.add(record);
      EXPECT_EQ(sums.cursor.pack_left(), 0u) << seed;
    }
    EXPECT_TRUE(checker.finished());
  }
  EXPECT_GT(segments, 1000u);
}

// Any byte of any column of them: refused, or records that are written as they were read.
TEST(RandomSegments, OneOtherByteIsRefusedOrOtherRecords) {
  std::mt19937_64 random(1);
  std::size_t accepted = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed)
    for (const Segment& segment : RandomTree(seed).make()) {
      const Bytes good = encode_columns(segment.records, segment.inside_file);
      for (int i = 0; i < 20; ++i) {
        Bytes plain = good;
        plain[random() % plain.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
        const auto parsed = parse_columns(plain, segment.inside_file);
        if (!parsed) continue;
        ++accepted;
        EXPECT_NE(*parsed, segment.records) << seed;
        EXPECT_EQ(encode_columns(*parsed, segment.inside_file), plain) << seed;
      }
    }
  EXPECT_GT(accepted, 1000u);
}

}  // namespace
}  // namespace dcdn::wire
