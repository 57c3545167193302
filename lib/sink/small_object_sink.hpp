// small_object_sink.hpp - objects of one small file into a directory: without a staging folder, and many at
// once.
#pragma once
#include <memory>
#include <string>

#include "sink/object_sink.hpp"
#include "store/part_object.hpp"
#include "store/receive_dir.hpp"

namespace dcdn::sink {

/// Takes what comes, once it shows itself as small (store/small_object.hpp), nothing of it is here and its
/// name is free; all else is `usual`'s, a directory sink of the same object.
std::unique_ptr<ObjectSink> make_small_object_sink(std::shared_ptr<store::ReceiveDir> dir,
                                                   store::PartObject::Options options,
                                                   std::string delivered_dir,
                                                   std::unique_ptr<ObjectSink> usual);

}  // namespace dcdn::sink
