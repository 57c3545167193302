// sealed_pipe.hpp - encrypted content behind a file descriptor, so that it is packed like any other input.
//
// Path     send step 1
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "base/unique_fd.hpp"
#include "pipeline/sealed_content.hpp"
#include "work/thread.hpp"

namespace dcdn::source {

/// Takes plain bytes and seals them, piece by piece, into a descriptor. One thread.
class SealedWriter {
 public:
  SealedWriter(pipeline::ContentSealer sealer, int fd) : sealer_(std::move(sealer)), fd_(fd) {}
  /// error closed_pipe: nobody reads any more.
  Result<void> put(ByteView plain);
  /// What was put so far can be opened once it is read: for an input that pauses.
  Result<void> flush();
  /// That was all.
  Result<void> finish();

 private:
  Result<void> seal(bool last);

  pipeline::ContentSealer sealer_;
  int fd_;
  Bytes plain_;
  Bytes sealed_;
  bool began_ = false;
};

/// A thread of its own makes the plain bytes and seals them.
class SealedPipe {
 public:
  /// Puts all of it and returns; an error leaves the content without its end.
  /// `stopped` becomes true when nobody wants it any more.
  using Produce = std::function<Result<void>(SealedWriter& out, const std::function<bool()>& stopped)>;
  /// error io: no pipe or no thread can be had.
  static Result<std::unique_ptr<SealedPipe>> start(pipeline::ContentSealer sealer, Produce produce);
  ~SealedPipe();  ///< ends the thread
  SealedPipe(const SealedPipe&) = delete;
  SealedPipe& operator=(const SealedPipe&) = delete;

  [[nodiscard]] int fd() const { return read_.get(); }
  /// When fd() has ended: whether that was all of it, or what cut it short.
  Result<void> finish();

 private:
  SealedPipe() = default;
  void run(pipeline::ContentSealer sealer, const Produce& produce, UniqueFd write);

  UniqueFd read_;
  std::atomic<bool> stopped_{false};
  Result<void> result_;  // of the thread; read after it ended
  work::Thread thread_;
};

}  // namespace dcdn::source
