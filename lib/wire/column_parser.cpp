// parse_columns() of record_columns.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>
#include <variant>

#include "base/byte_reader.hpp"
#include "wire/columns.hpp"
#include "wire/extras.hpp"
#include "wire/frame.hpp"
#include "wire/open_file.hpp"
#include "wire/record_columns.hpp"
#include "wire/zigzag.hpp"

namespace dcdn::wire {

namespace {

Error corrupt(std::string what) {
  return {Errc::corrupt, std::move(what)};
}
Error unknown(const char* what, std::uint64_t value) {
  return Error(Errc::unsupported, fmt::format("{} {} is not known to this version", what, value))
      .with_hint("a newer dcdn may read it");
}

class ColumnParser {
 public:
  explicit ColumnParser(ByteView plain) : plain_(plain), columns_(kColumns, ByteReader(ByteView())) {}

  Result<std::vector<Record>> parse(bool inside_file) {
    DCDN_CHECK(split());
    if (inside_file) file_.begin_inside();
    records_.reserve(2 * entries_ + items_);
    while (file_.is_open() || entries_ > 0) {
      if (file_.is_open() && items_ == 0) break;
      DCDN_CHECK(file_.is_open() ? next_item() : next_entry());
    }
    if (entries_ > 0) return corrupt("an entry follows a file that is not finished");
    if (items_ > 0) return corrupt("there is data outside a file");
    if (file_.pack_left() > 0) return corrupt("a chunk is longer than the files in it");
    if (!extras_.finished()) return corrupt("an owner or attribute is of no entry");
    for (const ByteReader& column : columns_)
      if (!column.finished()) return corrupt("a column is cut off, too long or not in its shortest form");
    return std::move(records_);
  }

 private:
  Result<void> split() {
    ByteReader in(plain_);
    entries_ = in.varint();
    items_ = in.varint();
    if (!in.ok()) return corrupt("the records are cut off");
    if (entries_ > kMaxEntries)
      return corrupt(fmt::format("{} entries, the limit is {}", entries_, kMaxEntries));
    if (items_ > kMaxItems) return corrupt(fmt::format("{} items, the limit is {}", items_, kMaxItems));
    std::array<ByteView, kColumns> views;
    for (ByteView& view : views) view = in.prefixed(plain_.size());
    if (!in.finished()) return corrupt("the columns are not as long as they say");
    // Each entry and item has a byte of its own here, so the counts are true.
    if (views[kKinds].size() != entries_ || views[kItems].size() < items_)
      return corrupt("there are not as many records as it says");
    for (std::size_t i = 0; i < kColumns; ++i) columns_[i] = ByteReader(views[i]);
    extras_.begin(columns_[kExtras]);
    const auto symlinks =
        std::count(views[kKinds].begin(), views[kKinds].end(), static_cast<std::uint8_t>(EntryKind::symlink));
    DCDN_TRY(rests_, split_texts(kRests, views[kRests], entries_));
    DCDN_TRY(targets_, split_texts(kTargets, views[kTargets], static_cast<std::uint64_t>(symlinks)));
    return {};
  }

  // Leaves the lengths to the column; returns a reader of what is behind them.
  Result<ByteReader> split_texts(Column column, ByteView all, std::uint64_t count) {
    ByteReader lengths(all);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count; ++i) sum += std::min<std::uint64_t>(lengths.varint(), kMaxNames + 1);
    if (!lengths.ok() || sum != lengths.left()) return corrupt("its names are not as long as they say");
    columns_[column] = ByteReader(all.first(lengths.position()));
    return ByteReader(all.subspan(lengths.position()));
  }
  // A name was checked to be that long.
  std::string_view next_text(Column column, ByteReader& bytes) {
    return as_text(bytes.raw(static_cast<std::size_t>(columns_[column].varint())));
  }

  Result<void> next_entry() {
    --entries_;
    const auto kind = columns_[kKinds].fixed<std::uint8_t>();
    const bool is_entry = kind <= static_cast<std::uint8_t>(EntryKind::hard_link);
    if (!is_entry && kind != kLeftOutKind) return unknown("entry kind", kind);
    DCDN_CHECK(next_path());
    if (kind == kLeftOutKind) return left_out();
    EntryBegin entry;
    entry.kind = static_cast<EntryKind>(kind);
    entry.path = path_;
    DCDN_CHECK(entry.kind == EntryKind::hard_link ? link(entry) : about(entry));
    if (entry.kind != EntryKind::file) {
      records_.emplace_back(std::move(entry));
      return {};
    }
    DCDN_CHECK(size(entry));
    file_.begin(entry.size);
    records_.emplace_back(std::move(entry));
    if (file_.fits_no_pack()) return corrupt("a file reaches beyond the chunk that it begins in");
    return end_if_told();
  }

  Result<void> about(EntryBegin& entry) {
    DCDN_TRY(entry.extras, extras_.read(entry_number(), columns_[kExtras]));
    DCDN_CHECK(mode_and_time(entry));
    return entry.kind == EntryKind::symlink ? target(entry) : Result<void>();
  }

  Result<void> size(EntryBegin& entry) {
    const std::uint64_t size_plus_1 = columns_[kSizes].varint();
    if (size_plus_1 > kMaxObjectBytes + 1) return corrupt("the promised size of a file is over the limit");
    if (size_plus_1 > 0) entry.size = size_plus_1 - 1;
    return {};
  }

  Result<void> link(EntryBegin& entry) {
    entry.mode = 0;
    DCDN_CHECK(size(entry));
    entry.back = columns_[kBacks].varint();
    return entry.size ? Result<void>()
                      : Result<void>(corrupt("a hard link does not say how long its file is"));
  }

  Result<void> next_path() {
    const std::uint64_t shared = columns_[kShared].varint();
    const std::string_view rest = next_text(kRests, rests_);
    if (shared > path_.size()) return corrupt("a path shares more than there is");
    is_same_path_ = shared == path_.size() && rest.empty();
    const bool shares_more = shared < path_.size() && !rest.empty() && path_[shared] == rest.front();
    if (shares_more) return corrupt("a path shares more than it says");
    path_.resize(static_cast<std::size_t>(shared));
    path_ += rest;
    if ((names_ += path_.size()) > kMaxNames) return corrupt("its paths are longer than all may be together");
    return path_.empty() ? Result<void>() : check_path(path_);
  }

  Result<void> left_out() {
    const auto reason = static_cast<LeftOutReason>(columns_[kReasons].fixed<std::uint8_t>());
    const bool behind_told_end =
        file_.is_told() && !records_.empty() && std::holds_alternative<EntryEnd>(records_.back());
    if (behind_told_end && is_same_path_) records_.pop_back();  // the file is given up after all
    records_.emplace_back(LeftOut{reason, path_});
    return {};
  }

  Result<void> mode_and_time(EntryBegin& entry) {
    const std::uint64_t mode = columns_[kModes].varint();
    if (mode > 07777) return corrupt(fmt::format("mode {:o} has bits outside 07777", mode));
    entry.mode = static_cast<std::uint16_t>(mode);
    const bool fits = !__builtin_add_overflow(seconds_, unzigzag(columns_[kSeconds].varint()), &seconds_);
    const auto nanoseconds = static_cast<std::int64_t>(columns_[kNanoseconds].fixed<std::uint32_t>());
    // The smallest time has more whole seconds below zero than fit as nanoseconds, but for its rest.
    const std::int64_t below = seconds_ < 0 ? 1 : 0;
    std::int64_t whole = 0;
    if (!fits || nanoseconds >= kSecond || __builtin_mul_overflow(seconds_ + below, kSecond, &whole) ||
        __builtin_add_overflow(whole, nanoseconds - below * kSecond, &entry.mtime_ns))
      return corrupt("a time is out of range");
    return {};
  }

  Result<void> target(EntryBegin& entry) {
    entry.target = next_text(kTargets, targets_);
    if (entry.target.empty() || entry.target.find('\0') != std::string::npos)
      return corrupt("the target of a symlink is empty or has a NUL");
    if (entry.target.size() > kMaxPathBytes) return corrupt("the target of a symlink is too long");
    if ((names_ += entry.target.size()) > kMaxNames)
      return corrupt("its paths are longer than all may be together");
    return {};
  }

  Result<void> next_item() {
    --items_;
    const std::uint64_t code = columns_[kItems].varint();
    if (code == kHoleItem) return hole();
    if (code == kEndItem) return end();
    if (code == kGivenUpItem) return given_up();
    return chunk(code - kChunkItem);
  }

  Result<void> hole() {
    const std::uint64_t size = columns_[kHoles].varint();
    if (size == 0 || size > kMaxObjectBytes) return corrupt("the size of a hole is out of range");
    records_.emplace_back(HoleRecord{size});
    file_.hole(size);
    return end_if_told();
  }

  Result<void> chunk(std::uint64_t content_size) {
    if (content_size > kMaxChunkContent) return corrupt("a chunk's content size is out of range");
    ChunkRecord chunk;
    const auto codec = columns_[kCodecs].fixed<std::uint8_t>();
    if (codec > static_cast<std::uint8_t>(CodecId::zstd_after)) return unknown("codec", codec);
    chunk.codec = static_cast<CodecId>(codec);
    chunk.content_size = static_cast<std::uint32_t>(content_size);
    chunk.carried_size = chunk.content_size;
    chunk.content = chunk.carried = columns_[kDigests].name32<Digest>();
    if (chunk.codec != CodecId::raw) {
      const std::uint64_t carried_size = columns_[kCarriedSizes].varint();
      if (carried_size == 0 || carried_size >= content_size)
        return corrupt("a chunk's carried size is out of range");
      chunk.carried_size = static_cast<std::uint32_t>(carried_size);
      chunk.carried = columns_[kDigests].name32<Digest>();
    }
    if (chunk.codec == CodecId::zstd_after) DCDN_CHECK(past_of(chunk));
    chunk_sizes_.push_back(chunk.content_size);
    records_.emplace_back(chunk);
    file_.chunk(chunk);
    return end_if_told();
  }

  Result<void> past_of(ChunkRecord& chunk) {
    const std::uint64_t past = columns_[kPasts].varint();
    if (past == 0 || past > kMaxPast || past > chunk_sizes_.size())
      return corrupt("a chunk is compressed after chunks that there are not");
    const std::uint64_t bytes = std::accumulate(chunk_sizes_.end() - static_cast<std::ptrdiff_t>(past),
                                                chunk_sizes_.end(), std::uint64_t{chunk.content_size});
    if (bytes > kMaxPastBytes) return corrupt("a chunk is compressed after more than the limit");
    if ((pasts_ += bytes - chunk.content_size) > kMaxPastsOfSegment)
      return corrupt("its chunks are compressed after more than the limit together");
    chunk.past = static_cast<std::uint8_t>(past);
    return {};
  }

  Result<void> end_if_told() {
    if (!file_.is_told()) return {};
    records_.emplace_back(file_.told_end());
    file_.end();
    return {};
  }

  Result<void> end() {
    EntryEnd end;
    end.size = columns_[kEndSizes].varint();
    end.content = columns_[kEndDigests].name32<Digest>();
    if (end.size > kMaxObjectBytes) return corrupt("the size of a file is over the limit");
    records_.emplace_back(end);
    file_.end();
    return {};
  }

  Result<void> given_up() {
    file_.end();
    if (entries_ == 0) return corrupt("a file is given up without a word");
    --entries_;
    if (columns_[kKinds].fixed<std::uint8_t>() != kLeftOutKind)
      return corrupt("a file is given up without a word");
    DCDN_CHECK(next_path());
    return left_out();
  }

  // In this segment, of the entry that was begun last.
  [[nodiscard]] std::uint64_t entry_number() const { return columns_[kKinds].position() - 1; }

  ByteView plain_;
  std::vector<ByteReader> columns_;
  std::uint64_t entries_ = 0;  // that are left
  std::uint64_t items_ = 0;
  ByteReader rests_{ByteView()};
  ByteReader targets_{ByteView()};
  std::string path_;
  bool is_same_path_ = false;  // as that of the entry before
  std::uint64_t names_ = 0;
  std::int64_t seconds_ = 0;
  ExtrasColumnReader extras_;
  OpenFile file_;
  std::vector<std::uint32_t> chunk_sizes_;  // of their content
  std::uint64_t pasts_ = 0;                 // bytes, of all chunks
  std::vector<Record> records_;
};

}  // namespace

Result<std::vector<Record>> parse_columns(ByteView plain, bool inside_file) {
  return ColumnParser(plain).parse(inside_file);
}

}  // namespace dcdn::wire
