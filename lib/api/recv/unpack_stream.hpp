// unpack_stream.hpp - unpack_from_fd of dcdn/recv.hpp for callers that want the content themselves.
#pragma once
#include <functional>

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
  Bytes head;  ///< of the input: bytes that were read from it already
  /// Takes raw content, verified and in order, instead of what the options say. Empty: they decide.
  std::function<Result<void>(ByteView)> put;
  /// Gets what is encrypted and was delivered into a directory; such objects are not told of as delivered.
  std::vector<SealedDelivery>* sealed = nullptr;
  std::shared_ptr<store::ReceiveDir> dir;  ///< the directory, if it is open already
  std::uint64_t most_bytes = UINT64_MAX;   ///< content that may come out, all objects together
};
/// Nothing is written to the audit log, and encrypted objects stay as they are.
Result<RecvReport> unpack_with(const RecvOptions& options, ProgressSink& progress, const UnpackTap& tap);

/// Hears nothing.
class SilentProgress final : public ProgressSink {
 public:
  void on_progress(const Progress&) override {}
  void on_object(const std::string&, const std::string&, std::uint64_t, const std::string&,
                 const Error*) override {}
  void on_note(int, const std::string&) override {}
};

}  // namespace dcdn::api
