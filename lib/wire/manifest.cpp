#include "wire/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "digest/hasher.hpp"
#include "wire/frame.hpp"

namespace dcdn::wire {

namespace {

enum Tag : std::uint8_t { kEntryBegin = 1, kChunk = 2, kHole = 3, kEntryEnd = 4, kLeftOut = 5 };
constexpr std::uint8_t kFinal = 1;
constexpr std::uint8_t kRepeatsOmitted = 1;
constexpr std::size_t kSmallestRecord = 2;

// Negative times are small numbers too: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

struct RecordWriter {
  ByteWriter& out;

  void operator()(const EntryBegin& entry) const {
    out.fixed<std::uint8_t>(kEntryBegin);
    out.fixed(static_cast<std::uint8_t>(entry.kind));
    out.text(entry.path);
    out.varint(entry.mode);
    out.varint(zigzag(entry.mtime_ns));
    if (entry.kind == EntryKind::file) out.varint(entry.size ? *entry.size + 1 : 0);
    if (entry.kind == EntryKind::symlink) out.text(entry.target);
  }
  void operator()(const ChunkRecord& chunk) const {
    out.fixed<std::uint8_t>(kChunk);
    out.fixed(static_cast<std::uint8_t>(chunk.codec));
    out.varint(chunk.content_size);
    out.raw(chunk.content.view());
    if (chunk.codec == CodecId::raw) return;
    out.varint(chunk.carried_size);
    out.raw(chunk.carried.view());
  }
  void operator()(const HoleRecord& hole) const {
    out.fixed<std::uint8_t>(kHole);
    out.varint(hole.size);
  }
  void operator()(const EntryEnd& end) const {
    out.fixed<std::uint8_t>(kEntryEnd);
    out.varint(end.size);
    out.raw(end.content.view());
  }
  void operator()(const LeftOut& left) const {
    out.fixed<std::uint8_t>(kLeftOut);
    out.fixed(static_cast<std::uint8_t>(left.reason));
    out.text(left.path);
  }
};

Error corrupt(std::string what) {
  return {Errc::corrupt, std::move(what)};
}
Error unknown(const char* what, unsigned value) {
  return Error(Errc::unsupported, fmt::format("{} {} is not known to this version", what, value))
      .with_hint("a newer dcdn may read it");
}

Result<Record> parse_entry_begin(ByteReader& in) {
  EntryBegin entry;
  const auto kind = in.fixed<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(EntryKind::symlink)) return unknown("entry kind", kind);
  entry.kind = static_cast<EntryKind>(kind);
  entry.path = in.text(kMaxPathBytes);
  const std::uint64_t mode = in.varint();
  entry.mtime_ns = unzigzag(in.varint());
  const std::uint64_t size_plus_1 = entry.kind == EntryKind::file ? in.varint() : 0;
  if (entry.kind == EntryKind::symlink) entry.target = in.text(kMaxPathBytes);
  if (!in.ok()) return corrupt("an entry is cut off, too long or not in its shortest form");
  if (!entry.path.empty()) DCDN_CHECK(check_path(entry.path));
  if (mode > 07777) return corrupt(fmt::format("mode {:o} has bits outside 07777", mode));
  entry.mode = static_cast<std::uint16_t>(mode);
  if (size_plus_1 > kMaxObjectBytes + 1) return corrupt("the promised size of a file is over the limit");
  if (size_plus_1 > 0) entry.size = size_plus_1 - 1;
  if (entry.kind == EntryKind::symlink &&
      (entry.target.empty() || entry.target.find('\0') != std::string::npos))
    return corrupt("the target of a symlink is empty or has a NUL");
  return Record(std::move(entry));
}

Result<Record> parse_chunk(ByteReader& in) {
  ChunkRecord chunk;
  const auto codec = in.fixed<std::uint8_t>();
  if (codec > static_cast<std::uint8_t>(CodecId::lz4)) return unknown("codec", codec);
  chunk.codec = static_cast<CodecId>(codec);
  const std::uint64_t content_size = in.varint();
  chunk.content = in.name32<Digest>();
  std::uint64_t carried_size = content_size;
  chunk.carried = chunk.content;
  if (chunk.codec != CodecId::raw) {
    carried_size = in.varint();
    chunk.carried = in.name32<Digest>();
  }
  if (!in.ok()) return corrupt("a chunk record is cut off or not in its shortest form");
  if (content_size == 0 || content_size > kMaxChunkContent)
    return corrupt("a chunk's content size is out of range");
  const bool compressed = chunk.codec != CodecId::raw;
  if (carried_size == 0 || (compressed && carried_size >= content_size))
    return corrupt("a chunk's carried size is out of range");
  chunk.content_size = static_cast<std::uint32_t>(content_size);
  chunk.carried_size = static_cast<std::uint32_t>(carried_size);
  return Record(chunk);
}

Result<Record> parse_hole(ByteReader& in) {
  const HoleRecord hole{in.varint()};
  if (!in.ok()) return corrupt("a hole is cut off or not in its shortest form");
  if (hole.size == 0 || hole.size > kMaxObjectBytes) return corrupt("the size of a hole is out of range");
  return Record(hole);
}

Result<Record> parse_entry_end(ByteReader& in) {
  EntryEnd end;
  end.size = in.varint();
  end.content = in.name32<Digest>();
  if (!in.ok()) return corrupt("the end of a file is cut off or not in its shortest form");
  if (end.size > kMaxObjectBytes) return corrupt("the size of a file is over the limit");
  return Record(end);
}

Result<Record> parse_left_out(ByteReader& in) {
  LeftOut left;
  left.reason = static_cast<LeftOutReason>(in.fixed<std::uint8_t>());
  left.path = in.text(kMaxPathBytes);
  if (!in.ok()) return corrupt("what was left out is cut off, too long or not in its shortest form");
  if (!left.path.empty()) DCDN_CHECK(check_path(left.path));
  return Record(std::move(left));
}

Result<Record> parse_record(ByteReader& in) {
  const auto tag = in.fixed<std::uint8_t>();
  if (!in.ok()) return corrupt("there are fewer records than promised");
  switch (tag) {
    case kEntryBegin:
      return parse_entry_begin(in);
    case kChunk:
      return parse_chunk(in);
    case kHole:
      return parse_hole(in);
    case kEntryEnd:
      return parse_entry_end(in);
    case kLeftOut:
      return parse_left_out(in);
    default:
      return unknown("record kind", tag);
  }
}

Result<ObjectHeader> parse_object(ByteReader& in) {
  ObjectHeader object;
  const auto kind = in.fixed<std::uint8_t>();
  const auto flags = in.fixed<std::uint8_t>();
  object.name = in.text(kMaxNameBytes);
  if (!in.ok()) return corrupt("the object header is cut off or its name too long");
  if (kind > static_cast<std::uint8_t>(ObjectKind::tree)) return unknown("object kind", kind);
  if ((flags & ~kRepeatsOmitted) != 0) return unknown("object flags", flags);
  object.kind = static_cast<ObjectKind>(kind);
  object.repeats_omitted = (flags & kRepeatsOmitted) != 0;
  if (object.name.empty() && object.kind == ObjectKind::stream) return object;
  DCDN_CHECK(check_name(object.name));
  return object;
}

Result<Segment> parse_checked(ByteReader& in) {
  Segment segment;
  const auto flags = in.fixed<std::uint8_t>();
  segment.index = in.varint();
  if (!in.ok()) return corrupt("cut off, or its index is not in its shortest form");
  if ((flags & ~kFinal) != 0) return unknown("segment flags", flags);
  segment.final = (flags & kFinal) != 0;
  if (segment.index == 0) {
    DCDN_TRY(segment.object, parse_object(in));
  } else {
    segment.stream = in.name32<Digest>();
    segment.previous = in.name32<Digest>();
  }
  const std::uint64_t count = in.varint();
  if (!in.ok()) return corrupt("cut off before its records");
  if (count > kMaxRecords) return corrupt(fmt::format("{} records, the limit is {}", count, kMaxRecords));
  if (count == 0 && !segment.final) return corrupt("no records, and not the final segment");
  segment.records.reserve(std::min<std::size_t>(count, in.left() / kSmallestRecord));
  for (std::uint64_t i = 0; i < count; ++i) {
    DCDN_TRY(Record record, parse_record(in));
    segment.records.push_back(std::move(record));
  }
  if (!in.finished()) return corrupt("bytes are left over after the last record");
  return segment;
}

}  // namespace

Bytes encode_segment(const Segment& segment) {
  Bytes body;
  body.reserve(128 + 48 * segment.records.size());
  ByteWriter out(body);
  out.fixed<std::uint8_t>(segment.final ? kFinal : 0);
  out.varint(segment.index);
  if (segment.index == 0) {
    const ObjectHeader object = segment.object.value_or(ObjectHeader{});
    out.fixed(static_cast<std::uint8_t>(object.kind));
    out.fixed<std::uint8_t>(object.repeats_omitted ? kRepeatsOmitted : 0);
    out.text(object.name);
  } else {
    out.raw(segment.stream.view());
    out.raw(segment.previous.view());
  }
  out.varint(segment.records.size());
  for (const Record& record : segment.records) std::visit(RecordWriter{out}, record);
  return body;
}

Result<Segment> parse_segment(ByteView body) {
  if (body.size() > kMaxSegmentBody) return corrupt("manifest segment: longer than the limit");
  ByteReader in(body);
  auto segment = parse_checked(in);
  if (!segment) return segment.error().during("manifest segment");
  return segment;
}

Digest segment_id(ByteView body) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn segment 1\n"));
  hasher.update(body);
  return hasher.digest();
}

}  // namespace dcdn::wire
