// object_maker.hpp - a small honest (or not so honest) sender: makes objects in segments and chunks, in
// memory.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.hpp"
#include "digest/hasher.hpp"
#include "wire/frame.hpp"
#include "wire/manifest.hpp"

namespace dcdn::test {

struct MadeSegment {
  wire::Segment segment;
  Digest id;
  Bytes frames;
};

struct MadeObject {
  std::vector<MadeSegment> segments;
  std::map<Digest, Buffer> chunks;  ///< content by carried digest (all raw)
  std::vector<Digest> order;        ///< one for each ChunkRecord
};

inline Bytes pattern(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ull + 1;
  for (auto& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<std::uint8_t>(state >> 32);
  }
  return bytes;
}

class ObjectMaker {
 public:
  explicit ObjectMaker(wire::ObjectKind kind, std::size_t chunk_bytes = 4096,
                       std::size_t chunks_per_segment = 4)
      : chunk_bytes_(chunk_bytes), chunks_per_segment_(chunks_per_segment) {
    pending_.object = wire::ObjectHeader{kind, "name", true};
  }
  /// The header says that a chunk which comes again is carried again (or, as everywhere else, that it is
  /// not).
  ObjectMaker& carries_repeats() {
    pending_.object->repeats_omitted = false;
    return *this;
  }
  /// What is not in it any more shall go.
  ObjectMaker& mirrors() {
    pending_.object->mirror = true;
    return *this;
  }
  /// Of what follows.
  ObjectMaker& chunk_bytes(std::size_t bytes) {
    chunk_bytes_ = bytes;
    return *this;
  }
  /// Several whole files as one chunk, and the folders they are in where these come first.
  ObjectMaker& pack(const std::vector<std::pair<std::string, Bytes>>& files) {
    Bytes all;
    for (const auto& [path, content] : files) all.insert(all.end(), content.begin(), content.end());
    const Digest digest = digest::blake3(all);
    made_.chunks.emplace(digest, Buffer::copy_of(all));
    made_.order.push_back(digest);
    const auto size = static_cast<std::uint32_t>(all.size());
    for (const auto& [path, content] : files) {
      const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/') + 1, 1) - 1);
      if (!folder.empty() && folders_.insert(folder).second) directory(folder);
      add(wire::EntryBegin{wire::EntryKind::file, path, 0644, 1'234'567'890, content.size(), ""});
      if (&content == &files.front().second)
        add(wire::ChunkRecord{wire::CodecId::raw, size, size, digest, digest});
      add(wire::EntryEnd{content.size(), std::nullopt});
    }
    ++since_cut_;
    cut_when_due();
    return *this;
  }
  ObjectMaker& directory(const std::string& path, std::uint16_t mode = 0755,
                         std::int64_t mtime_ns = 5'000'000'000) {
    add(wire::EntryBegin{wire::EntryKind::directory, path, mode, mtime_ns, std::nullopt, ""});
    return *this;
  }
  ObjectMaker& link(const std::string& path, const std::string& target) {
    add(wire::EntryBegin{wire::EntryKind::symlink, path, 0777, 7'000'000'000, std::nullopt, target});
    return *this;
  }
  ObjectMaker& hard_link(const std::string& path, std::uint64_t back, std::uint64_t size) {
    wire::EntryBegin entry;
    entry.kind = wire::EntryKind::hard_link;
    entry.path = path;
    entry.mode = 0;
    entry.size = size;
    entry.back = back;
    add(entry);
    return *this;
  }
  /// Chunks that are all zero become holes.
  ObjectMaker& file(const std::string& path, ByteView content, std::uint16_t mode = 0644,
                    std::int64_t mtime_ns = 1'234'567'890, bool lie_about_digest = false) {
    begin_file(path, mode, mtime_ns, content.size());
    for (std::size_t at = 0; at < content.size(); at += chunk_bytes_)
      add_piece(content.subspan(at, std::min(chunk_bytes_, content.size() - at)));
    end_file(content.size(), lie_about_digest ? digest::blake3(as_bytes("a lie")) : data_digest(content));
    return *this;
  }
  /// Of what is no hole, as an entry's end has it.
  [[nodiscard]] Digest data_digest(ByteView content) const {
    digest::Hasher hasher;
    for (std::size_t at = 0; at < content.size(); at += chunk_bytes_) {
      const ByteView piece = content.subspan(at, std::min(chunk_bytes_, content.size() - at));
      if (!digest::is_all_zero(piece)) hasher.update(piece);
    }
    return hasher.digest();
  }
  void begin_file(const std::string& path, std::uint16_t mode, std::int64_t mtime_ns,
                  std::optional<std::uint64_t> size) {
    add(wire::EntryBegin{wire::EntryKind::file, path, mode, mtime_ns, size, ""});
  }
  void add_piece(ByteView piece) {
    if (digest::is_all_zero(piece)) {
      add(wire::HoleRecord{piece.size()});
      return;
    }
    const Digest digest = digest::blake3(piece);
    made_.chunks.emplace(digest, Buffer::copy_of(piece));
    made_.order.push_back(digest);
    const auto size = static_cast<std::uint32_t>(piece.size());
    add(wire::ChunkRecord{wire::CodecId::raw, size, size, digest, digest});
    ++since_cut_;
    if (left_ > 0) cut_when_due();
  }
  void end_file(std::uint64_t size, const Digest& digest) {
    add(wire::EntryEnd{size, digest});
    cut_when_due();
  }
  void add(wire::Record record) {
    if (const auto* entry = std::get_if<wire::EntryBegin>(&record)) {
      in_file_ = entry->kind == wire::EntryKind::file;
      left_ = entry->size.value_or(wire::kMaxObjectBytes);
    } else if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
      left_ -= std::min<std::uint64_t>(left_, chunk->content_size);
    } else if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) {
      left_ -= std::min(left_, hole->size);
    } else if (std::holds_alternative<wire::EntryEnd>(record) ||
               std::holds_alternative<wire::LeftOut>(record)) {
      in_file_ = false;
    }
    pending_.records.push_back(std::move(record));
  }
  void cut(bool final) {
    pending_.final = final;
    pending_.chunk_bytes = static_cast<std::uint32_t>(std::max(chunk_bytes_, wire::kMinChunkContent));
    MadeSegment made;
    const Bytes body = wire::encode_segment(pending_);
    made.segment = pending_;
    made.id = wire::segment_id(body);
    wire::append_frame(made.frames, wire::FrameType::segment, body);
    if (pending_.index == 0) stream_ = made.id;
    pending_ = wire::Segment{};
    pending_.index = made.segment.index + 1;
    pending_.stream = stream_;
    pending_.previous = made.id;
    pending_.inside_file = in_file_;
    made_.segments.push_back(std::move(made));
  }
  MadeObject finish() {
    cut(true);
    return std::move(made_);
  }

 private:
  // Not between the last of a file and its end.
  void cut_when_due() {
    if (since_cut_ < chunks_per_segment_) return;
    since_cut_ = 0;
    cut(false);
  }

  std::size_t chunk_bytes_;
  std::size_t chunks_per_segment_;
  std::size_t since_cut_ = 0;
  std::uint64_t left_ = 0;  // of the current file
  std::set<std::string> folders_;
  wire::Segment pending_;
  bool in_file_ = false;
  Digest stream_;
  MadeObject made_;
};

/// A file object of one chunk of noise that claims to be compressed: the digest of what is carried is right,
/// and no decompressor makes anything of it.
inline MadeObject noise_object(std::size_t carried_bytes = 1000, std::uint32_t content_bytes = 4096) {
  const Buffer noise = Buffer::copy_of(pattern(carried_bytes, 77));
  const Digest digest = digest::blake3(noise.view());
  ObjectMaker maker(wire::ObjectKind::file);
  maker.carries_repeats().begin_file("", 0644, 1'234'567'890, content_bytes);
  maker.add(wire::ChunkRecord{wire::CodecId::zstd, content_bytes, static_cast<std::uint32_t>(carried_bytes),
                              digest::blake3(as_bytes("whatever")), digest});
  maker.end_file(content_bytes, digest::blake3(as_bytes("whatever")));
  MadeObject made = maker.finish();
  made.chunks.emplace(digest, noise);
  made.order.push_back(digest);
  return made;
}

/// A file object of one entry.
inline MadeObject file_object(ByteView content, std::size_t chunk_bytes = 4096,
                              std::size_t chunks_per_segment = 4) {
  ObjectMaker maker(wire::ObjectKind::file, chunk_bytes, chunks_per_segment);
  maker.file("", content);
  return maker.finish();
}

}  // namespace dcdn::test
