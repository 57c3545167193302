// unpack_stream.hpp - unpack_from_fd of dcdn/recv.hpp for callers that want the content themselves.
#pragma once
#include <functional>

#include "dcdn/bytes.hpp"
#include "dcdn/recv.hpp"

namespace dcdn::api {

struct UnpackTap {
  Bytes head;  ///< of the input: bytes that were read from it already
  /// Takes raw content, verified and in order, instead of what the options say. Empty: they decide.
  std::function<Result<void>(ByteView)> put;
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
