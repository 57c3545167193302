// frame_input.hpp - a chunk stream from a file descriptor.
#pragma once
#include <optional>
#include <string>

#include "base/buffer.hpp"
#include "source/input.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::source {

/// Strict: damage is an error, because a filter that went on would hand on less than it got.
class FrameInput {
 public:
  /// interrupt_fd: -1 or a descriptor that becomes readable when the work should stop.
  FrameInput(int fd, int interrupt_fd, std::string name);

  /// Bytes that were read already, to find out what the input is. Before the first fill().
  Result<void> start_with(ByteView bytes);
  /// One read. False at the end of the input.
  /// error interrupted; corrupt: not a chunk stream; incomplete: the input ends inside a frame.
  Result<bool> fill();
  /// A frame from what is filled, nullopt when more is needed. error corrupt, unsupported.
  Result<std::optional<wire::Frame>> next();
  [[nodiscard]] std::uint64_t frames() const { return frames_; }

 private:
  Result<void> check_start(ByteView bytes);

  Input input_;
  BufferPool pool_;
  wire::FrameReader reader_;
  Bytes block_;
  Bytes start_;  // until it can be told whether this is a chunk stream
  bool recognised_ = false;
  std::uint64_t frames_ = 0;
};

}  // namespace dcdn::source
