// patch_target.hpp - the new file as a patch makes it: one block is filled while the one before it is written
// and digested, both at the same time.
#pragma once
#include "api/delta/delta_io.hpp"
#include "delta/compact_signature.hpp"
#include "delta/delta_commands.hpp"
#include "digest/hasher.hpp"
#include "work/ahead.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::api {

class PatchTarget {
 public:
  /// Both outlive it. `old` is seekable.
  PatchTarget(const DeltaInput& old, DeltaOutput& output, const DeltaCommon& common);

  /// error corrupt: reaches past the end of the old file.
  Result<void> copy(const delta::CopyStep& step);
  Result<void> literal(ByteView bytes);
  /// What has been made, after all of it was written.
  Result<delta::FileId> finish();
  [[nodiscard]] std::uint64_t copied_bytes() const { return copied_bytes_; }
  [[nodiscard]] std::uint64_t literal_bytes() const { return literal_bytes_; }

 private:
  Result<void> flush_if_full();
  Result<void> flush();
  /// For the block before.
  Result<void> wait();

  const DeltaInput& old_;
  DeltaOutput& output_;
  int interrupt_fd_;
  work::WorkerPool workers_;
  WorkProgress progress_;
  digest::Hasher hasher_;
  Bytes block_;
  Bytes before_;
  std::size_t filled_ = 0;
  std::uint64_t copied_bytes_ = 0;
  std::uint64_t literal_bytes_ = 0;
  work::Ahead<Result<void>> writing_;  // last: it waits for what uses the others
};

/// All of a delta in rdiff's format into `target`; returns what its trailer says, if it has one.
/// error corrupt, incomplete.
Result<std::optional<delta::DeltaTrailer>> run_delta(DeltaInput& delta, PatchTarget& target);

}  // namespace dcdn::api
