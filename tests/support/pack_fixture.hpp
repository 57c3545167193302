// pack_fixture.hpp - packs sources in memory and puts the result back together.
#pragma once
#include <gtest/gtest.h>

#include <fstream>

#include "base/unique_fd.hpp"
#include "pipeline/chunk_packer.hpp"
#include "source/object_packer.hpp"
#include "source/packed_segment.hpp"
#include "support/object_maker.hpp"
#include "support/temp_dir.hpp"

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
  request.compress.mode = compress::CompressMode::none;
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

/// The content of a single-file object, from its records and chunks.
inline Bytes content_of(const Packed& packed) {
  BufferPool pool(0);
  std::map<Digest, Buffer> chunks;
  for (const auto& segment : packed.segments)
    for (const auto& chunk : segment.chunks)
      if (!chunk.repeat) chunks[chunk.record.carried] = chunk.carried;
  Bytes content;
  for (const wire::Record& record : packed.records()) {
    if (const auto* hole = std::get_if<wire::HoleRecord>(&record))
      content.resize(content.size() + hole->size);
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
      auto plain = pipeline::unpack_chunk(*chunk, chunks[chunk->carried], pool);
      EXPECT_TRUE(plain.has_value());
      if (plain) content.insert(content.end(), plain->view().begin(), plain->view().end());
    }
  }
  return content;
}

}  // namespace dcdn::test
