// raw_sink.hpp - the content of an incoming object as raw bytes.
#pragma once
#include <functional>
#include <memory>

#include "sink/object_sink.hpp"

namespace dcdn::sink {

struct RawLimits {
  std::shared_ptr<store::ObjectPromise> promise;
  std::function<bool()> stopped = [] { return false; };  ///< the process is to end: no more zeros
};

/// Raw content on `fd`, in order, each byte verified before it is written; a hole is zeros. A tree is
/// refused.
std::unique_ptr<ObjectSink> make_raw_sink(int fd, wire::ObjectKind kind, RawLimits limits = {});
/// The same to a function, which may keep what it is given.
using PutContent = std::function<Result<void>(const Buffer&)>;
std::unique_ptr<ObjectSink> make_raw_sink(PutContent put, wire::ObjectKind kind, RawLimits limits = {});

}  // namespace dcdn::sink
