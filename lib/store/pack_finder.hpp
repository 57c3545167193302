// pack_finder.hpp - which files are in a pack: read again from the manifest when it comes, so that what is
// waited for costs a few numbers and not the names of all its files.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/manifest_log.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

struct PackedFile {
  std::string path;  ///< below tree/
  std::uint32_t size = 0;
};
/// In order; their sizes add up to the chunk's content.
using PackedFiles = std::vector<PackedFile>;

class PackFinder {
 public:
  explicit PackFinder(const ManifestLog& log) : log_(log) {}

  /// Where the next segment's frame is.
  void add_segment(std::uint64_t log_offset) { offsets_.push_back(log_offset); }
  /// Files of the pack that is the `chunk`-th chunk record of a segment. Valid until the next call.
  /// error io, corrupt: the manifest cannot be read any more.
  Result<const PackedFiles*> files_of(std::uint64_t segment, std::uint64_t chunk);

 private:
  Result<void> turn_to(std::uint64_t segment);

  const ManifestLog& log_;
  std::vector<std::uint64_t> offsets_;
  // Of the segment that was asked for last: its packs, by chunk record.
  std::optional<std::uint64_t> segment_;
  std::map<std::uint64_t, PackedFiles> packs_;
};

}  // namespace dcdn::store
