// unpack_stream.hpp - unpack_from_fd of dcdn/recv.hpp, without what it does about encrypted objects.
#pragma once
#include "dcdn/bytes.hpp"
#include "dcdn/recv.hpp"
#include "store/receive_dir.hpp"

namespace dcdn::api {

/// An encrypted object as it was delivered.
struct SealedDelivery {
  std::string name;
  std::string path;
  std::uint64_t bytes = 0;
  Digest object;
};

struct UnpackTap {
  /// Gets what is encrypted and was delivered into a directory; such objects are not told of as delivered.
  std::vector<SealedDelivery>* sealed = nullptr;
  std::shared_ptr<store::ReceiveDir> dir;  ///< the directory, if it is open already
  std::uint64_t most_bytes = UINT64_MAX;   ///< content that may come out, all objects together
};
/// Nothing is written to the audit log, and encrypted objects stay as they are.
Result<RecvReport> unpack_with(const RecvOptions& options, ProgressSink& progress, const UnpackTap& tap);

}  // namespace dcdn::api
