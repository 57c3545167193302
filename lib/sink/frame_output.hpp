// frame_output.hpp - a chunk stream to a file descriptor.
#pragma once
#include <string>

#include "wire/frame.hpp"

namespace dcdn::sink {

class FrameOutput {
 public:
  FrameOutput(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Result<void> put(const wire::Frame& frame) { return put(frame.type, frame.body.view()); }
  Result<void> put(wire::FrameType type, ByteView body);
  Result<void> flush();
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  int fd_;
  std::string name_;
  Bytes pending_;
  std::uint64_t bytes_ = 0;
};

}  // namespace dcdn::sink
