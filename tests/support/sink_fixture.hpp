// sink_fixture.hpp - feeds a sink by hand what an object_maker made, and reads back what comes out.
#pragma once
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "sink/object_sink.hpp"
#include "support/object_maker.hpp"

namespace dcdn::test {

/// A file that a sink writes to and the test reads back.
class Output {
 public:
  Output() : fd_(::memfd_create("dcdn-test", 0)) {}
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] Bytes bytes() const {
    Bytes all(static_cast<std::size_t>(::lseek(fd_.get(), 0, SEEK_END)));
    EXPECT_TRUE(read_full_at(fd_.get(), all, 0, "memfd").has_value());
    return all;
  }

 private:
  UniqueFd fd_;
};

inline Result<void> add_all_segments(sink::ObjectSink& sink, const MadeObject& made) {
  for (const MadeSegment& segment : made.segments) {
    DCDN_TRY(const auto need, sink.add_segment(segment.segment, segment.id, segment.frames));
    (void)need;
  }
  return {};
}

inline Result<void> give(sink::ObjectSink& sink, const MadeObject& made, const Digest& digest) {
  return sink.write_chunk(digest, made.chunks.at(digest), made.chunks.at(digest));
}

}  // namespace dcdn::test
