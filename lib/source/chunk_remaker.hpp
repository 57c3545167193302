// chunk_remaker.hpp - chunks that are in a manifest already, made when somebody turns out to want them: their
// files are opened and read then, and what does not have the digest any more is not sent.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "compress/codec.hpp"
#include "source/packed_segment.hpp"
#include "source/source_file.hpp"
#include "source/source_index.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::source {

/// Threads  one at a time; it blocks.
/// Memory   the chunks of one call; a descriptor of the top and one of the last folder.
class ChunkRemaker {
 public:
  struct Rules {
    std::string path;  ///< of the file or tree
    wire::ObjectKind kind = wire::ObjectKind::file;
    Symlinks symlinks = Symlinks::inside;
    compress::CompressRequest compress;
  };
  explicit ChunkRemaker(Rules rules) : rules_(std::move(rules)) {}

  /// The segment again, with the bytes of those of the `wanted` chunks that had none (a bit for each of its
  /// chunks). error changed: what is there now does not make such a chunk; permission, io: it cannot be read;
  /// interrupted: `stopped` said so.
  Result<PackedSegmentPtr> remake(const PackedSegment& segment, const std::vector<bool>& wanted,
                                  work::WorkerPool& workers, BufferPool& pool,
                                  const std::function<bool()>& stopped);
  /// A file of the tree, by its path in it. error changed: there is none; permission, io.
  Result<SourceFile> open_file(const std::string& path);
  /// Reads it into its place in the content of its chunk. error changed: there is less; as open_file().
  Result<void> read(const FilePart& part, MutableByteView content);
  /// All of a chunk. error changed: it is not what it was, too.
  Result<Buffer> read(const KnownContent& known, BufferPool& pool);

 private:
  struct Part : FilePart {
    std::size_t chunk = 0;  // number in the segment
  };
  [[nodiscard]] static std::vector<Part> parts_of(const wire::Segment& manifest, const FilePlace& begins_in,
                                                  const std::vector<bool>& made);
  Result<int> open_folder_of(const std::string& path);
  [[nodiscard]] Result<void> finish(SegmentChunk& chunk, const Buffer& content, std::span<const Buffer> past,
                                    std::uint8_t rung, BufferPool& pool) const;
  [[nodiscard]] Error changed(const std::string& path) const;
  [[nodiscard]] std::string disk_path_of(const std::string& path) const;

  Rules rules_;
  UniqueFd top_;
  UniqueFd folder_;
  std::string folder_path_;                                 // of folder_, in the tree
  std::optional<std::pair<std::string, SourceFile>> file_;  // the last one that was opened, by its path
};

/// What is left of a segment whose chunks were passed over: their records, and none of their bytes. `frames`
/// are those of a segment that was packed here.
Result<std::vector<SegmentChunk>> chunks_without_bytes(ByteView frames);

}  // namespace dcdn::source
