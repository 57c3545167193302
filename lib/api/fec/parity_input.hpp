// parity_input.hpp - what is left of encoded streams, out of one or several files, damage and all.
#pragma once
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "dcdn/fec.hpp"
#include "pipeline/group_collector.hpp"
#include "source/input.hpp"
#include "wire/frame_reader.hpp"
#include "wire/repair_shard.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::api {

/// One encoding of those that an input holds.
struct EncodingSeen {
  wire::FrameName name{};
  bool raw = false;
};

/// Reads a piece of every input in turn: streams that were split by group come together by group, in little
/// memory. What cannot be read is damage like any other: it is skipped, and so is one path of several.
class ParityInput {
 public:
  ParityInput(const FecReadOptions& options, work::WorkerPool& workers, BufferPool& pool);
  /// error not_found, permission, io: there is no input at all; limit: too many to be open at once.
  Result<void> open();
  /// The encodings of the last shards of those inputs that are files, which are where they were.
  std::vector<EncodingSeen> encodings_at_the_ends();
  /// Hands the next frames to `collector`. False at the end of all inputs.
  Result<bool> feed(pipeline::GroupCollector& collector);
  [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_; }
  [[nodiscard]] std::uint64_t bad_frames() const { return bad_frames_; }
  [[nodiscard]] std::uint64_t unreadable_bytes() const { return unreadable_bytes_; }
  [[nodiscard]] std::uint64_t missing_inputs() const { return missing_inputs_; }

 private:
  struct Source {
    UniqueFd opened;
    int fd;
    source::Input input;
    wire::FrameReader reader;
    std::uint64_t next_skip;  // if it cannot be read here either
    bool ended = false;
  };
  void add(UniqueFd opened, int fd, const std::string& name);
  void note(const std::string& text) const;
  Result<UniqueFd> open_path(const std::string& path) const;
  Result<void> read_piece(Source& source);
  Result<void> skip_unreadable(Source& source, const Error& error);
  void see_encodings(const Source& source, std::size_t bytes, std::vector<EncodingSeen>& seen);
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
  std::uint64_t unreadable_bytes_ = 0;
  std::uint64_t missing_inputs_ = 0;
};

}  // namespace dcdn::api
