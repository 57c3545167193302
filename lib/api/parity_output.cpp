#include "api/parity_output.hpp"

#include <optional>

namespace dcdn::api {

Result<std::vector<std::vector<Buffer>>> GroupMint::mint(
    const std::vector<const pipeline::SourceBlock*>& blocks) {
  if (mints_.size() < blocks.size()) mints_.resize(blocks.size());
  std::vector<std::vector<Buffer>> shards(blocks.size());
  std::vector<std::optional<Error>> errors(blocks.size());
  workers_.run(blocks.size(), [&](std::size_t b) {
    auto made = mints_[b].mint(*blocks[b], pool_);
    if (made)
      shards[b] = *std::move(made);
    else
      errors[b] = made.error();
  });
  for (const auto& error : errors)
    if (error) return *error;
  return shards;
}

Result<std::uint64_t> put_shards(FrameOutput& output, const std::vector<std::vector<Buffer>>& shards) {
  std::uint64_t count = 0;
  for (std::size_t r = 0; r < shards.front().size(); ++r) {
    for (const auto& block : shards) {
      DCDN_CHECK(output.put(wire::FrameType::repair_shard, block[r].view()));
      ++count;
    }
  }
  return count;
}

}  // namespace dcdn::api
