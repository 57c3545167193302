// parity_output.hpp - a group on its way out: its frames as they are, its repair shards after them.
#pragma once
#include <vector>

#include "pipeline/parity_group.hpp"
#include "sink/frame_output.hpp"
#include "work/stage.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::api {

/// Makes the repair shards of all blocks of a group in parallel; [block][repair].
class GroupMint {
 public:
  /// pluggable: let liberasurecode compute code 1, too.
  GroupMint(work::WorkerPool& workers, BufferPool& pool, bool pluggable = false)
      : workers_(workers), pool_(pool), pluggable_(pluggable) {}
  Result<std::vector<std::vector<Buffer>>> mint(const std::vector<const pipeline::SourceBlock*>& blocks);

 private:
  work::WorkerPool& workers_;
  BufferPool& pool_;
  bool pluggable_;
  std::vector<pipeline::ShardMint> mints_;  // by block
};

/// Frames out, written by a thread of its own, so that writing and computing happen at once.
class FrameWriter {
 public:
  /// threaded false: put writes.
  FrameWriter(int fd, std::string name, bool threaded);
  /// error as write_all, of this or an earlier frame.
  Result<void> put(wire::FrameType type, Buffer body);
  /// Shard 0 of every block, then shard 1 of every block: a burst takes few of each. How many.
  Result<std::uint64_t> put_shards(const std::vector<std::vector<Buffer>>& shards);
  /// Small frames wait for more of them no longer.
  Result<void> push();
  /// All is written; how many bytes that was.
  Result<std::uint64_t> finish();

 private:
  struct Item {
    wire::FrameType type{};
    Buffer body;
    bool push = false;
  };
  sink::FrameOutput output_;
  work::Stage<Item> stage_;
};

}  // namespace dcdn::api
