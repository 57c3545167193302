// source_index.hpp - what a sender knows of the content of files that it sent before: the manifest of then,
// and what each file looked like (dcdn-format(5), INDEX).
//
// It is read beside the walk, in the same order, a segment at a time. It lies in the home of whoever wrote
// it, but may be torn, cut or old: it is used up to the first frame that is not what it should be. What it
// says is a digest of content that was there once, so the worst that a wrong one does is that a chunk has to
// be read after all. Threads  one at a time
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "wire/content_cursor.hpp"
#include "wire/frame_reader.hpp"
#include "wire/manifest.hpp"
#include "wire/segment_looks.hpp"

namespace dcdn::source {

/// The chunks of a segment of then.
struct KnownSegment {
  wire::SegmentHead head;
  std::vector<wire::ChunkRecord> chunks;
};

struct KnownChunk {
  std::shared_ptr<const KnownSegment> segment;
  std::size_t number = 0;  ///< in the segment
  [[nodiscard]] const wire::ChunkRecord& record() const { return segment->chunks[number]; }
  bool operator==(const KnownChunk&) const = default;
};

/// A run of a file's content: of a chunk, or a hole.
struct KnownPiece {
  std::optional<KnownChunk> chunk;  ///< none: a hole
  std::uint32_t chunk_offset = 0;  ///< where in the chunk: of a pack, each file after the first begins inside
  std::uint64_t size = 0;          ///< of the chunk, or of the hole
};

struct KnownFile {
  wire::EntryBegin begin;
  wire::FileLook look;
};

/// A run of a file that is a run of a chunk.
struct FilePart {
  std::string path;  ///< in the tree
  std::uint64_t file_offset = 0;
  std::uint64_t size = 0;
  std::uint32_t chunk_offset = 0;
};
/// A chunk whose content is where it was, and from where it can be read.
struct KnownContent {
  KnownChunk chunk;
  std::vector<FilePart> parts;
};

/// Of how a file looks, what has to be as it was, beside its size and its time.
struct LookRules {
  bool inode = true;
  bool ctime = true;
};
/// Nobody has written to it since, as far as its looks tell. `look.racy` does not count.
bool is_unchanged(const KnownFile& known, const wire::EntryBegin& now, const wire::FileLook& look,
                  LookRules rules);
wire::FileLook look_of(const struct stat& info);
/// The same of one that was opened for reading at `opened_s`. Racy: it may be written after that and look the
/// same, for the clocks of file systems tick coarsely, FAT's every two seconds; or its times are of the
/// future.
wire::FileLook look_of(const struct stat& info, std::int64_t opened_s);

class SourceIndex {
 public:
  /// nullptr: there is none.
  static std::unique_ptr<SourceIndex> open(const std::string& path);
  /// Of a descriptor that is at the beginning.
  explicit SourceIndex(UniqueFd fd);

  /// What is known of the file with this path; paths ascend from call to call. nullptr: nothing. Valid until
  /// the next call.
  const KnownFile* find(const std::string& path);
  /// The content of the file that was found, piece after piece; nullopt at its end.
  std::optional<KnownPiece> next_piece();
  /// After the last piece: the digest of the file's data, as its end in the manifest has it; none in a pack,
  /// or if the end is not here.
  [[nodiscard]] const std::optional<Digest>& digest() const { return digest_; }

 private:
  const wire::Record* peek();
  std::optional<wire::ContentPart> advance();
  bool load();
  std::optional<wire::Frame> next_frame();
  const KnownFile* found(const wire::EntryBegin& begin);

  UniqueFd fd_;
  BufferPool pool_{0};
  wire::FrameReader reader_{wire::OnDamage::strict, pool_};
  wire::ManifestChecker checker_;
  bool ended_ = false;
  std::vector<wire::Record> records_;  // of the segment that is read
  std::vector<wire::FileLook> looks_;
  std::shared_ptr<KnownSegment> segment_;
  std::size_t at_ = 0;      // the next record
  std::size_t file_ = 0;    // how many files of the segment have begun
  std::size_t chunks_ = 0;  // how many chunk records have passed
  wire::ContentCursor cursor_;
  std::optional<KnownFile> found_;
  std::optional<KnownPiece> in_pack_;  // of the file that was found
  std::optional<Digest> digest_;
};

}  // namespace dcdn::source
