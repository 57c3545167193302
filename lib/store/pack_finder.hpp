// pack_finder.hpp - which files are in a pack, and where the chunks of a segment are: read again from the
// manifest when it is asked for, so that what is waited for costs a few numbers and not the names of all its
// files.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/manifest_log.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

struct PackedFile {
  std::string path;  ///< below tree/
  std::uint32_t size = 0;
  std::uint64_t entry = 0;  ///< how many entries come before it
};
/// In order; their sizes add up to the chunk's content.
using PackedFiles = std::vector<PackedFile>;

/// A chunk record of a segment, and where its content belongs.
struct FoundChunk {
  wire::ChunkRecord record;
  PackedFiles pack;          ///< if it is one; then nothing below counts
  std::string path;          ///< of the file that it is a piece of, as its entry has it
  std::uint64_t offset = 0;  ///< there
  std::uint64_t entry = 0;   ///< how many entries come before it
  /// Of the file that the segment before left open: `path` is not known here, and `offset` counts from where
  /// this segment goes on with it.
  bool in_open_file = false;
};

class PackFinder {
 public:
  explicit PackFinder(const ManifestLog& log) : log_(log) {}

  /// Where the next segment's frame is, and how many entries come before it.
  void add_segment(std::uint64_t log_offset, std::uint64_t first_entry) {
    segments_.push_back({log_offset, first_entry});
  }
  /// Files of the pack that is the `chunk`-th chunk record of a segment. Valid until the next call.
  /// error io, corrupt: the manifest cannot be read any more.
  Result<const PackedFiles*> files_of(std::uint64_t segment, std::uint64_t chunk);
  /// The same of any chunk record.
  Result<const FoundChunk*> chunk_of(std::uint64_t segment, std::uint64_t chunk);

 private:
  Result<void> turn_to(std::uint64_t segment);

  struct Start {
    std::uint64_t log_offset = 0;
    std::uint64_t first_entry = 0;
  };
  const ManifestLog& log_;
  std::vector<Start> segments_;
  std::optional<std::uint64_t> segment_;  // that was asked for last
  std::vector<FoundChunk> chunks_;        // of it
};

}  // namespace dcdn::store
