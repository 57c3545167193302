// stream_sink.hpp - an incoming object as a chunk stream.
#pragma once
#include <memory>

#include "sink/object_sink.hpp"

namespace dcdn::sink {

/// Verified frames on `fd`, in the order in which they became verified. Chunks stay as they are carried.
std::unique_ptr<ObjectSink> make_stream_sink(int fd, std::shared_ptr<store::ObjectPromise> promise = nullptr);

}  // namespace dcdn::sink
