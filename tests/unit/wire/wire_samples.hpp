// wire_samples.hpp - small objects that the wire tests and the vectors are made of. Deterministic.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_writer.hpp"
#include "digest/hasher.hpp"
#include "message/session_message.hpp"
#include "wire/extras.hpp"
#include "wire/frame_reader.hpp"
#include "wire/manifest.hpp"
#include "wire/record_columns.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::wire::samples {

/// `size` bytes that do not repeat soon and hold no magic by accident; other seeds give other bytes.
inline Bytes noise(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
  for (auto& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::uint8_t>(state >> 56);
  }
  return bytes;
}

inline Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

inline sign::SecretKey key(std::uint8_t number) {
  Bytes seed(32, number);
  auto made = sign::SecretKey::from_seed(seed);
  EXPECT_TRUE(made.has_value());
  return *made;
}

inline Digest digest_of(std::string_view text) {
  return digest::blake3(as_bytes(text));
}

inline ChunkRecord raw_chunk(std::string_view content) {
  const auto size = static_cast<std::uint32_t>(content.size());
  return {CodecId::raw, size, size, digest_of(content), digest_of(content)};
}
inline ChunkRecord packed_chunk(std::uint32_t content_size, std::uint32_t carried_size,
                                std::string_view seed) {
  return {CodecId::zstd, content_size, carried_size, digest_of(seed), digest_of(std::string(seed) + "'")};
}
inline EntryBegin entry_of(EntryKind kind, std::string path, std::uint16_t mode, std::int64_t mtime_ns) {
  EntryBegin entry;
  entry.kind = kind;
  entry.path = std::move(path);
  entry.mode = mode;
  entry.mtime_ns = mtime_ns;
  return entry;
}
inline EntryBegin file(std::string path, std::optional<std::uint64_t> size = std::nullopt) {
  EntryBegin entry = entry_of(EntryKind::file, std::move(path), 0644, 1'700'000'000'123'456'789);
  entry.size = size;
  return entry;
}
inline EntryBegin directory(std::string path) {
  return entry_of(EntryKind::directory, std::move(path), 0755, 1'700'000'000'000'000'000);
}
inline EntryBegin symlink(std::string path, std::string target) {
  EntryBegin entry = entry_of(EntryKind::symlink, std::move(path), 0777, -1);
  entry.target = std::move(target);
  return entry;
}
/// Another name of the file that is so many files back, of `size` bytes.
inline EntryBegin hard_link(std::string path, std::uint64_t size, std::uint64_t back = 1) {
  EntryBegin entry = entry_of(EntryKind::hard_link, std::move(path), 0, 0);
  entry.size = size;
  entry.back = back;
  return entry;
}
inline EntryBegin owned(EntryBegin entry) {
  entry.extras = encode_extras({Owner{0, 1000, "root", "people"},
                                {{"system.posix_acl_access", {2, 0, 0, 0}}, {"user.note", {'h', 'i'}}}});
  return entry;
}

/// A chunk compressed after `past` chunks before it.
inline ChunkRecord chunk_after(std::uint8_t past, std::uint32_t content_size, std::uint32_t carried_size,
                               std::string_view salt) {
  ChunkRecord chunk = packed_chunk(content_size, carried_size, salt);
  chunk.codec = CodecId::zstd_after;
  chunk.past = past;
  return chunk;
}

inline Bytes chunk_body(std::string_view carried) {
  const Digest digest = digest_of(carried);
  Bytes body(digest.bytes.begin(), digest.bytes.end());
  body.insert(body.end(), carried.begin(), carried.end());
  return body;
}

inline EntryEnd whole(std::string_view content) {
  return {content.size(), digest_of(content)};
}
inline EntryEnd in_pack(std::uint64_t size) {
  return {size, std::nullopt};
}

/// One chunk with the whole of three files; what has no content may stand between them.
inline std::vector<Record> pack_of_three() {
  return {file("1", 3), raw_chunk("onethreetwo"), in_pack(3), directory("2"), file("2/empty", 0),
          whole(""),    file("2/more", 5),        in_pack(5), file("3", 3),   in_pack(3)};
}

inline constexpr std::uint8_t kFinalFlag = 1;
inline constexpr std::uint8_t kInsideFileFlag = 2;
inline constexpr std::uint8_t kPackedFlag = 4;

/// A segment's body with `records` as they are behind its number of plain bytes, which may be a lie.
inline Bytes segment_body(const Segment& segment, std::uint64_t plain_bytes, ByteView records,
                          std::uint8_t more_flags = 0) {
  Bytes body;
  ByteWriter out(body);
  out.fixed(static_cast<std::uint8_t>((segment.final ? kFinalFlag : 0) |
                                      (segment.inside_file ? kInsideFileFlag : 0) | more_flags));
  out.varint(segment.index);
  if (segment.object) {
    out.fixed(static_cast<std::uint8_t>(segment.object->kind));
    out.fixed<std::uint8_t>(static_cast<std::uint8_t>((segment.object->repeats_omitted ? 1 : 0) |
                                                      (segment.object->mirror ? 2 : 0)));
    out.text(segment.object->name);
  } else {
    out.raw(segment.stream.view());
    out.raw(segment.previous.view());
  }
  out.varint(segment.chunk_bytes);
  out.fixed(segment.rung);
  out.varint(plain_bytes);
  out.raw(records);
  return body;
}

/// As encode_segment would if packing never paid. Does not depend on the version of a library.
inline Bytes plain_body(const Segment& segment) {
  const Bytes plain = encode_columns(segment.records, segment.inside_file);
  return segment_body(segment, plain.size(), plain);
}

/// Gives the segments their places, and each the ids of those before it.
inline void link_chain(std::vector<Segment>& chain) {
  chain.back().final = true;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    chain[i].index = i;
    chain[i].stream = segment_id(plain_body(chain[0]));
    chain[i].previous = segment_id(plain_body(chain[i - 1]));
  }
}

/// Segments of a tree: every kind of record, in three segments.
inline std::vector<Segment> tree_chain() {
  std::vector<Segment> chain(3);
  chain[0].object = ObjectHeader{ObjectKind::tree, "photos", true};
  chain[0].chunk_bytes = 65536;
  chain[0].records = pack_of_three();
  for (const Record& record : std::initializer_list<Record>{
           owned(directory("a")), file("a/b.txt", 5), raw_chunk("hello"), whole("hello"),
           hard_link("a/c.txt", 5), symlink("a/link", "../elsewhere")})
    chain[0].records.push_back(record);
  chain[1].records = {file("a.txt"), packed_chunk(70000, 300, "x"), chunk_after(1, 60000, 20, "y"),
                      HoleRecord{1u << 20}};
  chain[1].chunk_bytes = kMaxChunkContent;
  chain[1].rung = kMaxRung;
  chain[2].inside_file = true;
  chain[2].records = {raw_chunk("tail"),
                      EntryEnd{130000 + (1u << 20) + 4, digest_of("whole")},
                      file("b", 9),
                      raw_chunk("part"),
                      LeftOut{LeftOutReason::changed, "b"},
                      hard_link("c", 5, 7),
                      owned(file("d", 0)),
                      whole(""),
                      directory("z"),
                      LeftOut{LeftOutReason::io, "z"}};
  link_chain(chain);
  return chain;
}

/// One final segment that is the whole of a nameless stream with `content`.
inline Segment stream_segment(std::string_view content) {
  Segment segment;
  segment.final = true;
  segment.object = ObjectHeader{ObjectKind::stream, "", false};
  EntryBegin entry;
  segment.records = {entry, raw_chunk(content), EntryEnd{content.size(), digest_of(content)}};
  return segment;
}

inline SegmentSignature signature_of(const sign::SecretKey& signer, const Segment& segment) {
  const Digest id = segment_id(plain_body(segment));
  auto made =
      sign_segment(signer, segment.index == 0 ? id : segment.stream, segment.index, id, 1'793'491'200);
  EXPECT_TRUE(made.has_value());
  return *made;
}

/// A whole signed object: chunk, segment and signature frames.
inline Bytes signed_stream(std::string_view content) {
  const Segment segment = stream_segment(content);
  return joined({make_frame(FrameType::chunk, chunk_body(content)),
                 make_frame(FrameType::segment, plain_body(segment)),
                 make_frame(FrameType::signature, encode(signature_of(key(1), segment)))});
}

/// What a reader made of an input.
struct Reading {
  std::vector<std::pair<FrameType, Bytes>> frames;
  std::vector<Damage> damage;
  std::optional<Error> error;
  bool operator==(const Reading& other) const {
    return frames == other.frames && damage == other.damage && error.has_value() == other.error.has_value() &&
           (!error || (error->code == other.error->code && error->message == other.error->message));
  }
};

/// Takes what is found until NeedInput; false after an error.
inline bool drain(FrameReader& reader, Reading& reading) {
  while (true) {
    auto step = reader.next();
    if (!step) {
      reading.error = step.error();
      return false;
    }
    if (std::holds_alternative<NeedInput>(*step)) return true;
    if (const auto* damage = std::get_if<Damage>(&*step)) {
      reading.damage.push_back(*damage);
      continue;
    }
    const Frame& frame = std::get<Frame>(*step);
    const ByteView body = frame.body.view();
    reading.frames.emplace_back(frame.type, Bytes(body.begin(), body.end()));
  }
}

/// Reads all of `input` in pushes of at most `step` bytes (0: one push).
inline Reading read_all(ByteView input, OnDamage on_damage, std::size_t step = 0) {
  BufferPool pool(1u << 20);
  FrameReader reader(on_damage, pool);
  Reading reading;
  if (step == 0) step = std::max<std::size_t>(input.size(), 1);
  for (std::size_t at = 0; at < input.size(); at += step) {
    reader.push(input.subspan(at, std::min(step, input.size() - at)));
    if (!drain(reader, reading)) return reading;
  }
  auto end = reader.finish();
  if (!end) {
    reading.error = end.error();
    return reading;
  }
  if (*end) reading.damage.push_back(**end);
  drain(reader, reading);
  return reading;
}

inline constexpr std::size_t kPushSizes[] = {0, 1, 2, 3, 7, 15, 100};

}  // namespace dcdn::wire::samples
