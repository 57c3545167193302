// segment_builder.hpp - collects records and cuts them into chained segments. Pure and canonical.
#pragma once
#include "wire/manifest.hpp"

namespace dcdn::pipeline {

struct BuiltSegment {
  wire::Segment segment;
  Bytes body;  ///< of the segment frame
  Digest id;
};

/// A segment is due after 64 chunks, 8 MiB of chunk content, 1,024 entries or 256 KiB of encoded records,
/// whichever comes first: the caller then cuts. The limits are part of what makes equal input give equal
/// bytes. Spec     dcdn-format(5), MANIFEST Threads  one at a time
class SegmentBuilder {
 public:
  explicit SegmentBuilder(wire::ObjectHeader object);
  /// A hole that follows a hole makes one longer hole (within wire::kMaxObjectBytes): how the reader met the
  /// zeros leaves no trace.
  void add(wire::Record record);
  [[nodiscard]] bool due() const;
  [[nodiscard]] bool empty() const { return pending_.records.empty(); }
  /// Ends the pending segment (it may be empty only if final). After a final cut nothing may be added.
  BuiltSegment cut(bool final);
  [[nodiscard]] std::uint64_t next_index() const { return pending_.index; }

 private:
  bool joined_hole(const wire::Record& record);

  wire::Segment pending_;
  Digest stream_;
  std::uint64_t chunks_ = 0;
  std::uint64_t content_bytes_ = 0;
  std::uint64_t entries_ = 0;
  std::size_t encoded_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace dcdn::pipeline
