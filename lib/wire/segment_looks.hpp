// segment_looks.hpp - what the files of a segment looked like when their content was read. It stands beside
// the segment in an index (dcdn-format(5), INDEX), on the machine where the files are, and never travels.
#pragma once
#include <cstdint>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::wire {

/// Beside size and time, which the manifest has.
struct FileLook {
  std::uint64_t inode = 0;
  std::int64_t changed_s = 0;  ///< st_ctim, since 1970
  std::uint32_t changed_ns = 0;
  /// It was written so shortly before it was read that what came after may show in none of these.
  bool racy = false;
  bool operator==(const FileLook&) const = default;
};

struct SegmentLooks {
  Digest segment;               ///< its id: no other segment's looks are taken for these
  std::uint32_t zstd = 0;       ///< version of the library that compressed: another one may give other bytes
  std::vector<FileLook> files;  ///< of each entry that is a file, in order
  bool operator==(const SegmentLooks&) const = default;
};

/// Body of a stat frame.
Bytes encode(const SegmentLooks& looks);
/// error corrupt: cut off, too long, out of range; unsupported: another format.
Result<SegmentLooks> parse_looks(ByteView body);

}  // namespace dcdn::wire
