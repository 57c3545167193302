// ready_stream.hpp - a chunk stream from a pipe, passed through as it is: nothing is packed again.
#pragma once
#include <functional>

#include "source/object_packer.hpp"

namespace dcdn::source {

struct ReadyStreamRequest {
  int input_fd = 0;
  Buffer head;  ///< bytes of the input read already
  sign::SecretKey
      key;  ///< signs segments that it has not signed yet, so that the receiver knows who vouches for them
  std::uint64_t time_s = 0;
  InputEnd input_end;  ///< may be empty
  /// Told of what the stream says was left out of a tree.
  std::function<void(const std::string& path, const Error& why)> left_out;
};

/// Emits the segments of the one object in the stream, each with its chunks. A chunk may come before its
/// segment as long as no more than 32 MiB wait. Frames of types this version does not know are left behind.
/// error corrupt: damaged, or two objects in one stream (hint: dcdn-recv --stdin takes those); incomplete:
/// ends early.
Result<void> pass_ready_stream(const ReadyStreamRequest& request, BufferPool& pool,
                               const std::function<bool()>& stopped, const EmitSegment& emit);

}  // namespace dcdn::source
