// unpack_stream.hpp - unpack_from_fd of dcdn/recv.hpp, without what it does about encrypted objects.
#pragma once
#include "dcdn/recv.hpp"
#include "store/receive_dir.hpp"

namespace dcdn::api {

struct UnpackTap {
  /// Gets what is encrypted and was delivered into a directory; such objects are not told of as delivered.
  std::vector<ObjectEnd>* sealed = nullptr;
  std::shared_ptr<store::ReceiveDir> dir;  ///< the directory, if it is open already
  std::uint64_t most_bytes = UINT64_MAX;   ///< content that may come out, all objects together
};
/// Nothing is written to the audit log, and encrypted objects stay as they are.
Result<RecvReport> unpack_with(const RecvOptions& options, ProgressSink& progress, const UnpackTap& tap);

}  // namespace dcdn::api
