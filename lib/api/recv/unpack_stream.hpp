// unpack_stream.hpp - unpack_from_fd of dcdn/recv.hpp, without what it does about encrypted objects.
#pragma once
#include "api/recv/recv_sinks.hpp"
#include "dcdn/recv.hpp"

namespace dcdn::api {

struct UnpackTap {
  /// Gets what is encrypted and was delivered into a directory; such objects are not told of as delivered.
  std::vector<ObjectEnd>* sealed = nullptr;
  ReceivePlace place;     ///< the directory and its ledger, if they are open already
  bool together = false;  ///< --max-object bounds all objects together: they come out of one
};
/// Nothing is written to the audit log, and encrypted objects stay as they are.
Result<RecvReport> unpack_with(const RecvOptions& options, ProgressSink& progress, const UnpackTap& tap);

}  // namespace dcdn::api
