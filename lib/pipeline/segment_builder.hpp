// segment_builder.hpp - collects records and cuts them into chained segments. Pure and canonical.
#pragma once
#include "wire/manifest.hpp"

namespace dcdn::pipeline {

struct BuiltSegment {
  wire::Segment segment;
  Bytes body;  ///< of the segment frame
  Digest id;
};

/// A segment is due after 64 chunks, 8 MiB of chunk content or 8,192 entries (the first segment after 512 KiB
/// or 1,024, so that the receiver can begin and the link is met before much is compressed for it), 1,024
/// chunks and holes, or half a MiB of names and numbers before packing, whichever comes first, but never
/// between a file's last content and its end: the caller then cuts, and not between the files of a pack. The
/// limits are part of what makes equal input give equal bytes. Spec     dcdn-format(5), MANIFEST Threads  one
/// at a time
class SegmentBuilder {
 public:
  explicit SegmentBuilder(wire::ObjectHeader object);
  /// A hole that follows a hole makes one longer hole (within wire::kMaxObjectBytes): how the reader met the
  /// zeros leaves no trace.
  void add(wire::Record record);
  /// What chunks are meant to have, from the pending segment on.
  void set_chunk_bytes(std::uint32_t chunk_bytes) { pending_.chunk_bytes = chunk_bytes; }
  /// How much is spent on compression, in the pending segment.
  void set_rung(std::uint8_t rung) { pending_.rung = rung; }
  /// Of the pending segment: what of a chunk or an end is known only when all of it is read may be put in
  /// until it is cut; nothing else may change.
  [[nodiscard]] std::vector<wire::Record>& pending() { return pending_.records; }
  [[nodiscard]] bool due() const;
  [[nodiscard]] bool empty() const { return pending_.records.empty(); }
  /// Ends the pending segment (it may be empty only if final). After a final cut nothing may be added.
  BuiltSegment cut(bool final);
  [[nodiscard]] std::uint64_t next_index() const { return pending_.index; }

 private:
  bool joined_hole(const wire::Record& record);
  void count(const wire::Record& record);
  void take(std::uint64_t content);

  wire::Segment pending_;
  Digest stream_;
  std::uint64_t chunks_ = 0;
  std::uint64_t content_bytes_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t items_ = 0;
  std::size_t record_bytes_ = 0;
  bool in_file_ = false;
  std::uint64_t file_left_ = 0;  // of the current file, as far as its size was told
  bool ended_ = false;
};

}  // namespace dcdn::pipeline
