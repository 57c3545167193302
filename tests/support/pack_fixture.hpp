// pack_fixture.hpp - packs sources in memory and puts the result back together.
#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "base/unique_fd.hpp"
#include "pipeline/chunk_packer.hpp"
#include "source/object_packer.hpp"
#include "source/packed_segment.hpp"
#include "support/object_maker.hpp"
#include "support/temp_dir.hpp"
#include "wire/content_cursor.hpp"

namespace dcdn::test {

inline void write_text(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}
inline void write_bytes(const std::string& path, ByteView content) {
  write_text(path, as_text(content));
}

/// A packed object and how packing ended.
struct Packed {
  std::vector<source::PackedSegment> segments;
  Result<void> result;

  [[nodiscard]] Digest id() const { return segments.back().id; }
  [[nodiscard]] std::vector<wire::Record> records() const {
    BufferPool pool(0);
    std::vector<wire::Record> all;
    for (const auto& segment : segments) {
      const Buffer frames = segment.frames;
      const auto parsed =
          wire::parse_segment(frames.view().subspan(wire::kHeaderBytes, body_bytes(frames.view())));
      EXPECT_TRUE(parsed.has_value());
      if (parsed) all.insert(all.end(), parsed->records.begin(), parsed->records.end());
    }
    return all;
  }
  static std::size_t body_bytes(ByteView frame) {
    return static_cast<std::size_t>(frame[8]) | static_cast<std::size_t>(frame[9]) << 8 |
           static_cast<std::size_t>(frame[10]) << 16 | static_cast<std::size_t>(frame[11]) << 24;
  }
};

inline source::PackRequest file_request(const std::string& path, std::uint32_t chunk_bytes = 4096) {
  source::PackRequest request;
  request.object = {wire::ObjectKind::file, "name", true};
  request.path = path;
  request.compress.choice.mode = compress::CompressMode::none;
  request.chunk_bytes = [chunk_bytes](std::uint64_t) { return chunk_bytes; };
  return request;
}

inline Packed pack(const source::PackRequest& request, std::size_t stop_after = SIZE_MAX) {
  work::WorkerPool workers(2);
  BufferPool pool(1u << 20);
  Packed packed;
  const std::function<bool()> stopped = [] { return false; };
  packed.result = source::pack_object(request, workers, pool, stopped, [&](source::PackedSegment segment) {
    packed.segments.push_back(std::move(segment));
    return packed.segments.size() < stop_after;
  });
  return packed;
}

/// The content of all chunks by its digest, as a receiver unpacks them who gets no repeats.
inline std::map<Digest, Buffer> contents_of(const Packed& packed) {
  BufferPool pool(0);
  std::map<Digest, Buffer> known;
  for (const source::PackedSegment& segment : packed.segments) {
    source::SegmentContents contents(segment, pool);
    for (std::size_t i = 0; i < segment.chunks.size(); ++i) {
      const source::SegmentChunk& chunk = segment.chunks[i];
      EXPECT_TRUE(!chunk.repeat || known.contains(chunk.record.content));
      auto content = contents.of(i);
      EXPECT_TRUE(content.has_value());
      if (content) known[chunk.record.content] = *std::move(content);
    }
  }
  return known;
}

/// The content of a single-file object, from its records and chunks.
inline Bytes content_of(const Packed& packed) {
  const std::map<Digest, Buffer> chunks = contents_of(packed);
  Bytes content;
  for (const wire::Record& record : packed.records()) {
    if (const auto* hole = std::get_if<wire::HoleRecord>(&record))
      content.resize(content.size() + hole->size);
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
      const Buffer& plain = chunks.at(chunk->content);
      content.insert(content.end(), plain.view().begin(), plain.view().end());
    }
  }
  return content;
}

/// The content of all files that were sent, from the records and chunks, as a receiver puts it together.
inline std::map<std::string, Bytes> files_of(const Packed& packed) {
  const std::map<Digest, Buffer> contents = contents_of(packed);
  std::map<std::string, Bytes> files;
  std::string path;
  Buffer content;  // of the last chunk
  wire::ContentCursor cursor;
  for (const wire::Record& record : packed.records()) {
    const auto part = cursor.add(record);
    if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
      path = begin->path;
      if (begin->kind == wire::EntryKind::file) files[path];
    } else if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
      content = contents.at(chunk->content);
    } else if (const auto* left = std::get_if<wire::LeftOut>(&record)) {
      files.erase(left->path);
    }
    if (!part) continue;
    Bytes& file = files[path];
    const Bytes zeros(part->hole ? static_cast<std::size_t>(part->size) : 0);
    const ByteView bytes =
        part->hole ? ByteView(zeros)
                   : content.view().subspan(part->chunk_offset, static_cast<std::size_t>(part->size));
    file.insert(file.end(), bytes.begin(), bytes.end());
  }
  return files;
}

/// What a receiver would refuse is a failure.
inline void expect_a_good_chain(const Packed& packed) {
  wire::ManifestChecker checker;
  for (const auto& segment : packed.segments) {
    const Buffer frames = segment.frames;
    const ByteView body = frames.view().subspan(wire::kHeaderBytes, Packed::body_bytes(frames.view()));
    const auto parsed = wire::parse_segment(body);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(wire::encode_segment(*parsed), Bytes(body.begin(), body.end()));
    const auto taken = checker.add(*parsed, wire::segment_id(body));
    ASSERT_TRUE(taken.has_value()) << taken.error().message;
  }
  EXPECT_TRUE(checker.finished());
}

}  // namespace dcdn::test
