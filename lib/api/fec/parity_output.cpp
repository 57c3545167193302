#include "api/fec/parity_output.hpp"

#include <optional>

namespace dcdn::api {

namespace {
constexpr std::size_t kMostWaiting = 64u << 20;  // a group of the usual geometry
}

Result<std::vector<std::vector<Buffer>>> GroupMint::mint(
    const std::vector<const pipeline::SourceBlock*>& blocks) {
  while (mints_.size() < blocks.size()) mints_.emplace_back(pluggable_);
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

FrameWriter::FrameWriter(int fd, std::string name, bool threaded)
    : output_(fd, std::move(name)), stage_(threaded, kMostWaiting, [this](Item& item) {
        return item.push ? output_.flush() : output_.put(item.type, item.body.view());
      }) {}

Result<void> FrameWriter::put(wire::FrameType type, Buffer body) {
  const std::size_t bytes = wire::kHeaderBytes + body.size();
  return stage_.put({type, std::move(body), false}, bytes);
}

Result<std::uint64_t> FrameWriter::put_shards(const std::vector<std::vector<Buffer>>& shards) {
  std::uint64_t count = 0;
  for (std::size_t r = 0; r < shards.front().size(); ++r) {
    for (const auto& block : shards) {
      DCDN_CHECK(put(wire::FrameType::repair_shard, block[r]));
      ++count;
    }
  }
  return count;
}

Result<void> FrameWriter::push() {
  return stage_.put({{}, {}, true}, 0);
}

Result<std::uint64_t> FrameWriter::finish() {
  DCDN_CHECK(push());
  DCDN_CHECK(stage_.drain());
  return output_.bytes();
}

}  // namespace dcdn::api
