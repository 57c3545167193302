#include "wire/record_columns.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

#include "base/byte_writer.hpp"
#include "wire/columns.hpp"
#include "wire/extras.hpp"
#include "wire/open_file.hpp"
#include "wire/zigzag.hpp"

namespace dcdn::wire {

namespace {

std::size_t shared_bytes(std::string_view one, std::string_view other) {
  const auto ends = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return static_cast<std::size_t>(ends.first - one.begin());
}

class ColumnWriter {
 public:
  explicit ColumnWriter(bool inside_file) {
    if (inside_file) file_.begin_inside();
  }

  void operator()(const EntryBegin& entry) {
    kind(static_cast<std::uint8_t>(entry.kind), entry.path);
    if (entry.kind == EntryKind::hard_link) {
      out(kSizes).varint(entry.size.value_or(0) + 1);
      return out(kBacks).varint(entry.back);
    }
    extras_.write(entries_ - 1, entry.extras, columns_[kExtras]);
    out(kModes).varint(entry.mode);
    const std::int64_t seconds = entry.mtime_ns / kSecond - (entry.mtime_ns % kSecond < 0 ? 1 : 0);
    out(kSeconds).varint(zigzag(seconds - seconds_));
    // In two steps: the product may be below the smallest number.
    out(kNanoseconds).fixed(static_cast<std::uint32_t>((entry.mtime_ns % kSecond + kSecond) % kSecond));
    seconds_ = seconds;
    if (entry.kind == EntryKind::symlink) text(kTargets, entry.target);
    if (entry.kind != EntryKind::file) return;
    out(kSizes).varint(entry.size ? *entry.size + 1 : 0);
    file_.begin(entry.size);
  }
  void operator()(const ChunkRecord& chunk) {
    item(kChunkItem + chunk.content_size);
    file_.chunk(chunk);
    out(kCodecs).fixed(static_cast<std::uint8_t>(chunk.codec));
    out(kDigests).raw(chunk.content.view());
    if (chunk.codec == CodecId::zstd_after) out(kPasts).varint(chunk.past);
    if (chunk.codec == CodecId::raw) return;
    out(kCarriedSizes).varint(chunk.carried_size);
    out(kDigests).raw(chunk.carried.view());
  }
  void operator()(const HoleRecord& hole) {
    item(kHoleItem);
    file_.hole(hole.size);
    out(kHoles).varint(hole.size);
  }
  void operator()(const EntryEnd& end) {
    const bool told = file_.is_open() && file_.is_told() && file_.told_end().size == end.size;
    file_.end();
    if (told) return;
    item(kEndItem);
    out(kEndSizes).varint(end.size);
    out(kEndDigests).raw(end.content.value_or(Digest()).view());
  }
  void operator()(const LeftOut& left) {
    // Behind a file whose end is not written, its path says enough.
    if (file_.is_open() && !file_.is_told()) item(kGivenUpItem);
    file_.end();
    kind(kLeftOutKind, left.path);
    out(kReasons).fixed(static_cast<std::uint8_t>(left.reason));
  }

  Bytes finish() {
    Bytes plain;
    ByteWriter all(plain);
    all.varint(entries_);
    all.varint(items_);
    for (std::size_t i = 0; i < kColumns; ++i) {
      const Bytes& lengths = lengths_[i];
      all.varint(lengths.size() + columns_[i].size());
      all.raw(lengths);
      all.raw(columns_[i]);
    }
    return plain;
  }

 private:
  ByteWriter out(Column column) { return ByteWriter(columns_[column]); }
  void text(Column column, std::string_view value) {
    ByteWriter(lengths_[column]).varint(value.size());
    out(column).raw(as_bytes(value));
  }
  void kind(std::uint8_t kind, const std::string& path) {
    ++entries_;
    out(kKinds).fixed(kind);
    const std::size_t shared = shared_bytes(path_, path);
    out(kShared).varint(shared);
    text(kRests, std::string_view(path).substr(shared));
    path_ = path;
  }
  void item(std::uint64_t code) {
    ++items_;
    out(kItems).varint(code);
  }

  std::array<Bytes, kColumns> columns_;
  std::array<Bytes, kColumns> lengths_;  // of texts, which come before all their bytes
  std::uint64_t entries_ = 0;
  std::uint64_t items_ = 0;
  std::string path_;
  std::int64_t seconds_ = 0;
  ExtrasColumnWriter extras_;
  OpenFile file_;
};

}  // namespace

Bytes encode_columns(const std::vector<Record>& records, bool inside_file) {
  ColumnWriter writer(inside_file);
  for (const Record& record : records) std::visit(writer, record);
  return writer.finish();
}

}  // namespace dcdn::wire
