// sample_stream.hpp - small unsigned chunk streams for tests, made from the wire layer alone.
#pragma once
#include <string>
#include <vector>

#include "digest/hasher.hpp"
#include "wire/frame.hpp"
#include "wire/manifest.hpp"

namespace dcdn::test {

struct SampleShape {
  std::size_t chunks = 4;
  std::size_t chunk_bytes = 1000;
  std::size_t chunks_per_segment = 2;
  std::uint8_t seed = 1;        ///< other seed, other content
  bool repeat = false;          ///< all chunks have the same content, and each has its frame
  bool omit_repeats = false;    ///< with repeat: the frame comes once
  bool chunks_first = false;    ///< the chunk frames before the segment that lists them
  bool segments_first = false;  ///< all segment frames before all chunk frames
  std::uint64_t hole = 0;       ///< so many zeros behind the chunks, which no frame carries
  std::string name{};           ///< of the object
};

struct SampleFrame {
  wire::FrameType type{};
  Bytes body;
  bool operator==(const SampleFrame&) const = default;
};

inline Bytes sample_content(const SampleShape& shape, std::size_t chunk) {
  Bytes content(shape.chunk_bytes);
  std::uint32_t state =
      shape.seed * 2654435761u + (shape.repeat ? 0 : static_cast<std::uint32_t>(chunk) * 40503u + 1);
  for (std::uint8_t& byte : content) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return content;
}

/// What the object of that shape holds, but for its hole.
inline Bytes sample_object(const SampleShape& shape) {
  Bytes all;
  for (std::size_t i = 0; i < shape.chunks; ++i) {
    const Bytes content = sample_content(shape, i);
    all.insert(all.end(), content.begin(), content.end());
  }
  return all;
}

inline SampleFrame sample_chunk_frame(ByteView content) {
  const Digest digest = digest::blake3(content);
  SampleFrame frame{wire::FrameType::chunk, Bytes(digest.bytes.begin(), digest.bytes.end())};
  frame.body.insert(frame.body.end(), content.begin(), content.end());
  return frame;
}

/// One segment and the chunk frames that belong to it.
struct SampleSegment {
  SampleFrame frame;
  std::vector<SampleFrame> chunks;
};

inline std::vector<SampleSegment> sample_segments(const SampleShape& shape) {
  std::vector<SampleSegment> made;
  wire::Segment segment;
  segment.object = wire::ObjectHeader{wire::ObjectKind::stream, shape.name, shape.omit_repeats};
  segment.records.push_back(wire::EntryBegin{});
  std::vector<SampleFrame> chunks;
  const auto cut = [&](bool final) {
    segment.final = final;
    const Bytes body = wire::encode_segment(segment);
    const Digest id = wire::segment_id(body);
    made.push_back({{wire::FrameType::segment, body}, std::move(chunks)});
    const Digest stream = segment.index == 0 ? id : segment.stream;
    wire::Segment next;
    next.index = segment.index + 1;
    next.stream = stream;
    next.previous = id;
    next.inside_file = true;
    segment = std::move(next);
    chunks.clear();
  };
  for (std::size_t i = 0; i < shape.chunks; ++i) {
    if (i > 0 && i % shape.chunks_per_segment == 0) cut(false);
    const Bytes content = sample_content(shape, i);
    const auto size = static_cast<std::uint32_t>(content.size());
    const Digest digest = digest::blake3(content);
    segment.records.push_back(wire::ChunkRecord{wire::CodecId::raw, size, size, digest, digest});
    if (!shape.repeat || !shape.omit_repeats || i == 0) chunks.push_back(sample_chunk_frame(content));
  }
  const Bytes all = sample_object(shape);
  if (shape.hole > 0) segment.records.push_back(wire::HoleRecord{shape.hole});
  segment.records.push_back(wire::EntryEnd{all.size() + shape.hole, digest::blake3(all)});
  cut(true);
  return made;
}

inline std::vector<SampleFrame> sample_stream(const SampleShape& shape) {
  std::vector<SampleFrame> frames;
  const auto segments = sample_segments(shape);
  const auto add_chunks = [&](const SampleSegment& segment) {
    frames.insert(frames.end(), segment.chunks.begin(), segment.chunks.end());
  };
  for (const SampleSegment& segment : segments) {
    if (shape.chunks_first) add_chunks(segment);
    frames.push_back(segment.frame);
    if (!shape.chunks_first && !shape.segments_first) add_chunks(segment);
  }
  if (shape.segments_first)
    for (const SampleSegment& segment : segments) add_chunks(segment);
  return frames;
}

}  // namespace dcdn::test
