#include "wire/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "compress/codec.hpp"
#include "digest/hasher.hpp"
#include "wire/frame.hpp"
#include "wire/record_columns.hpp"

namespace dcdn::wire {

namespace {

constexpr std::uint8_t kFinal = 1;
constexpr std::uint8_t kInsideFile = 2;
constexpr std::uint8_t kPacked = 4;
constexpr std::uint8_t kRepeatsOmitted = 1;
constexpr std::uint8_t kMirror = 2;
constexpr int kPackLevel = 3;

Error corrupt(std::string what) {
  return {Errc::corrupt, std::move(what)};
}
Error unknown(const char* what, unsigned value) {
  return Error(Errc::unsupported, fmt::format("{} {} is not known to this version", what, value))
      .with_hint("a newer dcdn may read it");
}

Result<ObjectHeader> parse_object(ByteReader& in) {
  ObjectHeader object;
  const auto kind = in.fixed<std::uint8_t>();
  const auto flags = in.fixed<std::uint8_t>();
  object.name = in.text(kMaxNameBytes);
  if (!in.ok()) return corrupt("the object header is cut off or its name too long");
  if (kind > static_cast<std::uint8_t>(ObjectKind::tree)) return unknown("object kind", kind);
  if ((flags & ~(kRepeatsOmitted | kMirror)) != 0) return unknown("object flags", flags);
  object.kind = static_cast<ObjectKind>(kind);
  object.repeats_omitted = (flags & kRepeatsOmitted) != 0;
  object.mirror = (flags & kMirror) != 0;
  if (object.mirror && object.kind != ObjectKind::tree)
    return unknown("object flags of what is no tree", flags);
  if (object.name.empty() && object.kind == ObjectKind::stream) return object;
  DCDN_CHECK(check_name(object.name));
  return object;
}

// The records as columns, unpacked if they are packed.
Result<std::vector<Record>> parse_records(ByteReader& in, bool packed, bool inside_file) {
  const std::uint64_t plain_bytes = in.varint();
  const ByteView carried = in.raw(in.left());
  if (!in.ok()) return corrupt("cut off before its records");
  if (plain_bytes > kMaxPlainRecords)
    return corrupt(fmt::format("{} bytes of records, the limit is {}", plain_bytes, kMaxPlainRecords));
  const auto size = static_cast<std::size_t>(plain_bytes);
  if (!packed) {
    if (carried.size() != size) return corrupt("its records are not as long as it says");
    return parse_columns(carried, inside_file);
  }
  if (carried.size() >= size) return corrupt("its records are packed to no use");
  BufferPool pool(0);
  auto plain = compress::decompress_chunk(compress::Codec::zstd, carried, size, pool);
  if (!plain) return corrupt("its records do not unpack to what it says");
  return parse_columns(plain->view(), inside_file);
}

struct HeadRead {
  SegmentHead head;
  bool packed = false;
};

Result<HeadRead> read_head(ByteReader& in) {
  HeadRead read;
  SegmentHead& head = read.head;
  const auto flags = in.fixed<std::uint8_t>();
  head.index = in.varint();
  if (!in.ok()) return corrupt("cut off, or its index is not in its shortest form");
  if ((flags & ~(kFinal | kInsideFile | kPacked)) != 0) return unknown("segment flags", flags);
  head.final = (flags & kFinal) != 0;
  head.inside_file = (flags & kInsideFile) != 0;
  read.packed = (flags & kPacked) != 0;
  if (head.index == 0) {
    DCDN_TRY(head.object, parse_object(in));
  } else {
    head.stream = in.name32<Digest>();
    head.previous = in.name32<Digest>();
  }
  const std::uint64_t chunk_bytes = in.varint();
  head.rung = in.fixed<std::uint8_t>();
  if (!in.ok()) return corrupt("cut off before its records");
  if (chunk_bytes < kMinChunkContent || chunk_bytes > kMaxChunkContent)
    return corrupt("its chunk size is out of range");
  head.chunk_bytes = static_cast<std::uint32_t>(chunk_bytes);
  if (head.rung > kMaxRung) return corrupt("its rung is out of range");
  return read;
}

Result<Segment> parse_checked(ByteReader& in) {
  Segment segment;
  DCDN_TRY(HeadRead read, read_head(in));
  static_cast<SegmentHead&>(segment) = std::move(read.head);
  DCDN_TRY(segment.records, parse_records(in, read.packed, segment.inside_file));
  if (segment.records.empty() && !segment.final) return corrupt("no records, and not the final segment");
  return segment;
}

}  // namespace

Bytes encode_segment(const Segment& segment) {
  const Bytes plain = encode_columns(segment.records, segment.inside_file);
  BufferPool pool(0);
  const compress::CompressChoice choice{compress::CompressMode::zstd, kPackLevel};
  const compress::Compressed packed = compress::compress_chunk(plain, choice, pool);
  const bool is_packed = packed.codec == compress::Codec::zstd;
  Bytes body;
  body.reserve(128 + kMaxNameBytes + (is_packed ? packed.bytes.size() : plain.size()));
  ByteWriter out(body);
  out.fixed(static_cast<std::uint8_t>((segment.final ? kFinal : 0) | (segment.inside_file ? kInsideFile : 0) |
                                      (is_packed ? kPacked : 0)));
  out.varint(segment.index);
  if (segment.index == 0) {
    const ObjectHeader object = segment.object.value_or(ObjectHeader{});
    out.fixed(static_cast<std::uint8_t>(object.kind));
    out.fixed(static_cast<std::uint8_t>((object.repeats_omitted ? kRepeatsOmitted : 0) |
                                        (object.mirror ? kMirror : 0)));
    out.text(object.name);
  } else {
    out.raw(segment.stream.view());
    out.raw(segment.previous.view());
  }
  out.varint(segment.chunk_bytes);
  out.fixed(segment.rung);
  out.varint(plain.size());
  out.raw(is_packed ? packed.bytes.view() : ByteView(plain));
  return body;
}

Result<Segment> parse_segment(ByteView body) {
  if (body.size() > kMaxSegmentBody) return corrupt("manifest segment: longer than the limit");
  ByteReader in(body);
  auto segment = parse_checked(in);
  if (!segment) return segment.error().during("manifest segment");
  return segment;
}

Result<SegmentHead> parse_head(ByteView body) {
  if (body.size() > kMaxSegmentBody) return corrupt("manifest segment: longer than the limit");
  ByteReader in(body);
  auto read = read_head(in);
  if (!read) return read.error().during("manifest segment");
  return std::move(read->head);
}

Digest segment_id(ByteView body) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn segment 1\n"));
  hasher.update(body);
  return hasher.digest();
}

}  // namespace dcdn::wire
