// column_fields.hpp - the columns of a segment one by one, so that a test can write what encode_segment never
// does.
#pragma once
#include <array>
#include <utility>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "compress/codec.hpp"
#include "unit/wire/wire_samples.hpp"
#include "wire/record_columns.hpp"

namespace dcdn::wire::samples {

/// In the order of dcdn-format(5).
enum Column : std::size_t {
  kKinds,
  kShared,
  kRests,
  kModes,
  kSeconds,
  kNanoseconds,
  kSizes,
  kBacks,
  kTargets,
  kReasons,
  kItems,
  kHoles,
  kCodecs,
  kPasts,
  kCarriedSizes,
  kDigests,
  kEndSizes,
  kEndDigests,
  kExtras,
  kColumns
};
inline constexpr std::uint64_t kHoleItem = 0;
inline constexpr std::uint64_t kEndItem = 1;
inline constexpr std::uint64_t kGivenUpItem = 2;

struct ColumnFields {
  std::uint64_t entries = 0;
  std::uint64_t items = 0;
  std::array<Bytes, kColumns> columns;

  static ColumnFields of(const std::vector<Record>& records, bool inside_file = false) {
    const Bytes plain = encode_columns(records, inside_file);
    ByteReader in(plain);
    ColumnFields fields;
    fields.entries = in.varint();
    fields.items = in.varint();
    for (Bytes& column : fields.columns) {
      const ByteView view = in.prefixed(plain.size());
      column.assign(view.begin(), view.end());
    }
    EXPECT_TRUE(in.finished());
    return fields;
  }
  ColumnFields& number(Column column, std::uint64_t value) {
    return ByteWriter(columns[column]).varint(value), *this;
  }
  ColumnFields& byte(Column column, std::uint8_t value) { return columns[column].push_back(value), *this; }
  ColumnFields& word(Column column, std::uint32_t value) {
    return ByteWriter(columns[column]).fixed(value), *this;
  }
  ColumnFields& text(Column column, std::string_view value) {
    return ByteWriter(columns[column]).text(value), *this;
  }
  ColumnFields& digest(Column column) {
    return ByteWriter(columns[column]).raw(digest_of("d").view()), *this;
  }
  ColumnFields& set(Column column, Bytes value) { return columns[column] = std::move(value), *this; }
  ColumnFields& item(std::uint64_t code) { return ++items, number(kItems, code); }

  [[nodiscard]] Bytes plain() const {
    Bytes bytes;
    ByteWriter out(bytes);
    out.varint(entries);
    out.varint(items);
    for (const Bytes& column : columns) out.prefixed(column);
    return bytes;
  }
};

inline Bytes zstd_of(ByteView plain) {
  BufferPool pool(0);
  const auto packed = compress::compress_chunk(plain, {compress::CompressMode::zstd, 3}, pool);
  const ByteView bytes = packed.bytes.view();
  EXPECT_EQ(packed.codec, compress::Codec::zstd);
  return {bytes.begin(), bytes.end()};
}

}  // namespace dcdn::wire::samples
