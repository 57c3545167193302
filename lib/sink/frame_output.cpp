#include "sink/frame_output.hpp"

#include "base/unique_fd.hpp"

namespace dcdn::sink {

namespace {

constexpr std::size_t kFlushBytes = 256u << 10;
constexpr std::size_t kWriteInPlace = 64u << 10;  // a body of this size costs more to copy than a call

}  // namespace

Result<void> FrameOutput::put(wire::FrameType type, ByteView body) {
  bytes_ += wire::kHeaderBytes + body.size();
  if (body.size() >= kWriteInPlace) {
    const auto header = wire::frame_header(type, {body});
    pending_.insert(pending_.end(), header.begin(), header.end());
    DCDN_CHECK(flush());
    return write_all(fd_, body, name_);
  }
  wire::append_frame(pending_, type, body);
  return pending_.size() < kFlushBytes ? Result<void>() : flush();
}

Result<void> FrameOutput::flush() {
  auto written = write_all(fd_, pending_, name_);
  pending_.clear();
  return written;
}

}  // namespace dcdn::sink
