// raw_sink.hpp - the content of an incoming object as raw bytes.
#pragma once
#include <functional>
#include <memory>

#include "sink/object_sink.hpp"

namespace dcdn::sink {

/// Raw content on `fd`, in order, each byte verified before it is written. A tree is refused.
std::unique_ptr<ObjectSink> make_raw_sink(int fd, wire::ObjectKind kind);
/// The same to a function, which may keep what it is given.
using PutContent = std::function<Result<void>(const Buffer&)>;
std::unique_ptr<ObjectSink> make_raw_sink(PutContent put, wire::ObjectKind kind);

}  // namespace dcdn::sink
