// recovering_input.hpp - a chunk stream from a file descriptor, read past damage.
#pragma once
#include <functional>
#include <string>

#include "base/buffer.hpp"
#include "source/input.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::source {

/// For who can use the rest when a part is damaged: what is lost may come again later. FrameInput is strict.
class RecoveringInput {
 public:
  using Take = std::function<Result<void>(const wire::Frame&)>;
  /// interrupt_fd: -1 or a descriptor that becomes readable when the work should stop. `pool` gives the
  /// buffers of the frames and outlives this.
  RecoveringInput(int fd, int interrupt_fd, std::string name, BufferPool& pool);

  /// Reads to the end of the input and gives every intact frame to `take`. `head`: bytes of the input that
  /// were read already. Once. error interrupted; io; the first of `take`; unsupported: as FrameReader's.
  /// `idle`: called before it waits for more that is not there yet; an error ends it. May be empty.
  Result<void> read(ByteView head, const Take& take, const std::function<Result<void>()>& idle = {});

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< read here, without the head
  [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_; }  ///< of no intact frame

 private:
  Result<void> drain(const Take& take);

  int fd_;
  Input input_;
  wire::FrameReader reader_;
  std::uint64_t bytes_ = 0;
  std::uint64_t damaged_bytes_ = 0;
};

}  // namespace dcdn::source
