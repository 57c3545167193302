// manifest.hpp - what an object consists of, in segments chained by digest (dcdn-format(5), MANIFEST).
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::wire {

inline constexpr std::size_t kMaxPathBytes = 4096;
inline constexpr std::size_t kMaxNameBytes = 255;         ///< one path component, or an object's name
inline constexpr std::size_t kMaxDepth = 128;             ///< components of a path
inline constexpr std::size_t kMaxEntries = 16384;         ///< of one segment; what was left out counts
inline constexpr std::size_t kMaxItems = 4096;            ///< of one segment: chunks, holes and ends
inline constexpr std::size_t kMaxPlainRecords = 1 << 20;  ///< records of one segment, bytes before packing
inline constexpr std::size_t kMaxNames = 1 << 20;       ///< paths and targets of one segment together, bytes
inline constexpr std::size_t kMaxPast = 63;             ///< chunks that another is compressed after
inline constexpr std::size_t kMaxPastBytes = 8u << 20;  ///< of their content, with its own
/// Of the pasts of all chunks of a segment, bytes: what a few carried bytes make a reader go through.
inline constexpr std::uint64_t kMaxPastsOfSegment = 256u << 20;
inline constexpr std::uint8_t kMaxRung = 15;
inline constexpr std::uint64_t kMaxObjectBytes = std::uint64_t{1} << 60;

enum class ObjectKind : std::uint8_t { stream = 0, file = 1, tree = 2 };
enum class EntryKind : std::uint8_t { file = 0, directory = 1, symlink = 2, hard_link = 3 };
/// Same numbers as compress/codec.hpp.
enum class CodecId : std::uint8_t { raw = 0, zstd = 1, lz4 = 2, zstd_after = 3 };

/// A file, directory or symlink starts, or there is another name of a file. In a file object and a stream
/// there is exactly one entry, with path "". In a tree the directory of path "" is the tree's own; if there
/// is one, it comes first.
struct EntryBegin {
  EntryKind kind = EntryKind::file;
  std::string path;           ///< relative, '/' between components, bytes as they are on disk
  std::uint16_t mode = 0644;  ///< permission bits only (07777); of a hard link 0: its file has it
  std::int64_t mtime_ns = 0;  ///< since 1970, as found; 0 in a stream, and of a hard link
  /// Of a file, when known beforehand: progress and free-space checks use it. Of a hard link always, and that
  /// of its file: where there are no links it becomes a copy.
  std::optional<std::uint64_t> size;
  std::string target;  ///< symlink only: where it points, at most kMaxPathBytes
  /// Hard link only: which file of the object it is another name of, counted back from here; 1 is the last
  /// one.
  std::uint64_t back = 0;
  /// Owner and attributes as wire/extras.hpp writes them; mostly empty. A stream and a hard link have none.
  Bytes extras{};
  bool operator==(const EntryBegin&) const = default;
};
/// The next `content_size` bytes of content: of the current file and, if that is a small one with a known
/// size that ends in it, of the files after it, which end in it too and have no chunk of their own. So a
/// chunk is a piece of one file, or a pack of several whole ones (wire/content_cursor.hpp tells which).
struct ChunkRecord {
  CodecId codec = CodecId::raw;
  std::uint32_t content_size = 0;  ///< 1 .. kMaxChunkContent
  std::uint32_t carried_size = 0;  ///< == content_size when raw; smaller than it otherwise
  Digest content;                  ///< BLAKE3 of the content
  Digest carried;                  ///< BLAKE3 of the carried bytes; == content when raw
  /// zstd_after: that many chunk records directly before it in its segment have to be known to unpack it;
  /// 1 .. kMaxPast, of at most kMaxPastBytes together with its own content. Else 0.
  std::uint8_t past = 0;
  bool operator==(const ChunkRecord&) const = default;
};
/// The next `size` bytes of the current file are zero and are not carried.
struct HoleRecord {
  std::uint64_t size = 0;  ///< at least 1
  bool operator==(const HoleRecord&) const = default;
};
/// The current file ends. Directories and symlinks have none.
struct EntryEnd {
  std::uint64_t size = 0;  ///< sum of chunks and holes
  /// BLAKE3 of its data, without holes: of a file that has none, as b3sum prints it. nullopt: it is in a
  /// pack, whose digest stands for it.
  std::optional<Digest> content;
  bool operator==(const EntryEnd&) const = default;
};
/// Why something of a tree was left out. A number that is not known here is kept as it came.
enum class LeftOutReason : std::uint8_t { io = 0, permission = 1, changed = 2, limit = 3, not_found = 4 };
/// What the sender of a tree could not read. Inside a file: that file, of which nothing counts, and which
/// ends here. Directly behind a directory of that path: something in it. Else the entry of that path, which
/// has no other record.
struct LeftOut {
  LeftOutReason reason = LeftOutReason::io;
  std::string path;  ///< as that of an entry; empty: something in the tree's own directory
  bool operator==(const LeftOut&) const = default;
};
using Record = std::variant<EntryBegin, ChunkRecord, HoleRecord, EntryEnd, LeftOut>;

/// Only in segment 0.
struct ObjectHeader {
  ObjectKind kind = ObjectKind::stream;
  std::string name;  ///< suggested final name: one safe path component, or empty for a nameless stream
  bool repeats_omitted =
      false;            ///< a chunk frame is not sent again for equal content (within 65,536 chunks back)
  bool mirror = false;  ///< what the sender does not have any more shall go, where the receiver allows that
  bool operator==(const ObjectHeader&) const = default;
};

/// What a segment says of itself, ahead of its records and not packed as they may be.
struct SegmentHead {
  std::uint64_t index = 0;
  Digest stream;    ///< id of segment 0; zero in segment 0 itself
  Digest previous;  ///< id of segment index-1; zero in segment 0
  bool final = false;
  std::optional<ObjectHeader> object;  ///< segment 0 has it, no other
  /// How large its sender means chunks to be. Nothing is checked against it: it is handed back to a sender
  /// that begins anew, so that it cuts the same chunks again. kMinChunkContent .. kMaxChunkContent.
  std::uint32_t chunk_bytes = 4096;
  /// How much its sender spent on compression (compress/ladder.hpp). Handed back as chunk_bytes is.
  /// 0 .. kMaxRung.
  std::uint8_t rung = 0;
  bool inside_file = false;  ///< the records begin inside a file that the segment before left open
  bool operator==(const SegmentHead&) const = default;
};

struct Segment : SegmentHead {
  std::vector<Record> records;
  bool operator==(const Segment&) const = default;
};

/// Body of a segment frame: the records in columns, packed with zstd where that saves 1/16. `segment` must be
/// within the limits (our own writer keeps them), its records such as ManifestChecker lets pass.
Bytes encode_segment(const Segment& segment);
/// Checks lengths, counts and ranges, canonical encoding, paths (see check_path), sizes against overflow.
/// What needs earlier segments is ManifestChecker's. Memory: what the limits above allow, a few MiB.
Result<Segment> parse_segment(ByteView body);
/// Only what is ahead of the records: enough to ask whether a signature covers it, before any of the rest is
/// unpacked.
Result<SegmentHead> parse_head(ByteView body);
/// BLAKE3 of "dcdn segment 1\n" followed by the body. The id of the final segment is the object's id.
Digest segment_id(ByteView body);

/// Relative, no empty, "." or ".." component, no NUL, within the limits above.
Result<void> check_path(std::string_view path);
/// One component: check_path and no '/'.
Result<void> check_name(std::string_view name);

/// Follows one chain of segments and refuses what no honest writer makes: wrong index, stream or previous; an
/// entry out of order (paths ascend component by component, so none repeats) or whose parent is not a
/// directory entry before it; data outside a file; a wrong size at the end; a link to a file before the
/// first; anything after the final segment. Memory O(depth).
class ManifestChecker {
 public:
  /// `id` is segment_id() of the body that gave `segment`. On error the checker stays as it was.
  Result<void> add(const Segment& segment, const Digest& id);
  [[nodiscard]] bool started() const { return next_index_ > 0; }
  [[nodiscard]] bool finished() const { return final_; }
  [[nodiscard]] std::uint64_t next_index() const { return next_index_; }
  [[nodiscard]] const Digest& stream() const { return stream_; }
  [[nodiscard]] const Digest& last_id() const {
    return last_id_;
  }  ///< after the final segment: the object's id
  [[nodiscard]] ObjectKind kind() const { return kind_; }

 private:
  struct Place {                           // where the chain stands inside its entries
    std::vector<std::string> directories;  // components of the innermost open directory
    std::string last_path;
    bool any_entry = false;
    bool in_file = false;
    bool in_directory = false;  // the last record was the directory last_path
    std::uint64_t file_bytes = 0;
    bool in_pack = false;            // the current file shares its chunk with others
    std::uint64_t pack_left = 0;     // of the last chunk, for the files after this one
    std::uint64_t object_bytes = 0;  // a hard link counts as the copy that it may become
    std::uint64_t files = 0;
    std::optional<std::uint64_t> promised;
  };
  static Result<void> add_record(Place& place, ObjectKind kind, const Record& record);
  static Result<void> add_content(Place& place, const Record& record);
  static Result<void> add_bytes(Place& place, std::uint64_t size, bool may_be_pack);
  static Result<void> begin_top(Place& place, const EntryBegin& entry);
  static Result<void> begin_entry(Place& place, ObjectKind kind, const EntryBegin& entry);
  static Result<void> link(Place& place, const EntryBegin& entry);
  static Result<void> leave_out(Place& place, ObjectKind kind, const LeftOut& left);
  static Result<void> move_to(Place& place, const std::string& path);

  Place place_;
  std::uint64_t next_index_ = 0;
  Digest stream_;
  Digest last_id_;
  ObjectKind kind_ = ObjectKind::stream;
  bool final_ = false;
};

}  // namespace dcdn::wire
