// parity_input.hpp - what is left of encoded streams, out of one or several files, damage and all.
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "dcdn/fec.hpp"
#include "pipeline/group_collector.hpp"
#include "source/input.hpp"
#include "wire/frame_reader.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::api {

/// Reads a piece of every input in turn: streams that were split by group come together by group, in little
/// memory.
class ParityInput {
 public:
  ParityInput(const FecReadOptions& options, work::WorkerPool& workers, BufferPool& pool);
  /// error not_found, permission, io.
  Result<void> open();
  /// Hands the next frames to `collector`. False at the end of all inputs.
  Result<bool> feed(pipeline::GroupCollector& collector);
  [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_; }
  [[nodiscard]] std::uint64_t bad_frames() const { return bad_frames_; }

 private:
  struct Source {
    UniqueFd opened;
    source::Input input;
    wire::FrameReader reader;
  };
  Result<void> read_piece(Source& source);
  Result<void> finish(Source& source);
  Result<void> drain(Source& source);

  const FecReadOptions& options_;
  work::WorkerPool& workers_;
  BufferPool& pool_;
  std::vector<Source> sources_;
  Bytes block_;
  std::vector<pipeline::NamedFrame> frames_;
  std::uint64_t damaged_bytes_ = 0;
  std::uint64_t bad_frames_ = 0;
};

}  // namespace dcdn::api
