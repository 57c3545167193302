// parity_output.hpp - a group on its way out: its frames as they are, its repair shards after them.
#pragma once
#include <vector>

#include "api/frame_pipe.hpp"
#include "pipeline/parity_group.hpp"
#include "session/worker_pool.hpp"

namespace dcdn::api {

/// Makes the repair shards of all blocks of a group in parallel; [block][repair].
class GroupMint {
 public:
  GroupMint(session::WorkerPool& workers, BufferPool& pool) : workers_(workers), pool_(pool) {}
  Result<std::vector<std::vector<Buffer>>> mint(const std::vector<const pipeline::SourceBlock*>& blocks);

 private:
  session::WorkerPool& workers_;
  BufferPool& pool_;
  std::vector<pipeline::ShardMint> mints_;  // by block
};

/// Shard 0 of every block, then shard 1 of every block: a burst takes few of each.
Result<std::uint64_t> put_shards(FrameOutput& output, const std::vector<std::vector<Buffer>>& shards);

}  // namespace dcdn::api
