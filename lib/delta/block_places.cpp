#include "delta/block_places.hpp"

#include <algorithm>

namespace dcdn::delta {

Result<BlockPlaces> BlockPlaces::make(const SignatureTable& table, std::uint64_t file_bytes) {
  const std::uint64_t block = table.shape().block_bytes;
  const std::uint64_t blocks = file_bytes / block + (file_bytes % block != 0 ? 1 : 0);
  if (blocks != table.blocks())
    return Error(Errc::corrupt, "the signature has another number of blocks than its file");
  return BlockPlaces(table, file_bytes);
}

void BlockPlaces::copied(const CopyStep& step) {
  const std::uint64_t size = table_->shape().block_bytes;
  for (std::uint64_t done = 0; done < step.size; done += size) {
    const auto block = static_cast<std::uint32_t>((step.offset + done) / size);
    if (block >= blocks()) break;
    for (const std::uint32_t like : {block, table_->first_like(block)})
      if (places_[like] == kNowhere) places_[like] = at_ + done;
  }
  at_ += step.size;
}

std::optional<std::uint64_t> BlockPlaces::place_of(std::uint32_t block) const {
  std::uint64_t place = places_[block];
  const std::uint32_t first = table_->first_like(block);
  // The last block, if it is short, is like no other: sums of other lengths are other sums.
  if (place == kNowhere && size_of(first) == size_of(block)) place = places_[first];
  return place == kNowhere ? std::nullopt : std::optional(place);
}

std::uint64_t BlockPlaces::size_of(std::uint32_t block) const {
  return std::min<std::uint64_t>(table_->shape().block_bytes, file_bytes_ - offset_of(block));
}

std::vector<Range> BlockPlaces::needed() const {
  std::vector<Range> ranges;
  for (std::uint32_t block = 0; block < blocks(); ++block) {
    if (place_of(block)) continue;
    const std::uint64_t offset = offset_of(block);
    if (!ranges.empty() && ranges.back().offset + ranges.back().size == offset)
      ranges.back().size += size_of(block);
    else
      ranges.push_back({offset, size_of(block)});
  }
  return ranges;
}

}  // namespace dcdn::delta
