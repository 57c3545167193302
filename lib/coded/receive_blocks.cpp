#include "coded/receive_blocks.hpp"

#include <algorithm>
#include <cstring>

namespace dcdn::coded {

unsigned ReceiveBlocks::Block::need() const {
  if (done) return 0;
  if (k == 0) return kMaxSourceSymbols;  // more than it can have: the sender knows better
  return k - std::min<unsigned>(k, static_cast<unsigned>(came.size()));
}

Result<void> ReceiveBlocks::fit(Block& block, const DataPacket& packet) {
  if (block.k == 0) {
    const std::size_t size = packet.header.source_symbols * packet.symbol.size();
    DCDN_CHECK(window_.take(size));
    bytes_ += size;
    block.k = packet.header.source_symbols;
    block.symbol_bytes = packet.symbol.size();
    block.data = Buffer::allocate(size);
    largest_block_ = std::max(largest_block_, size);
  }
  if (block.k != packet.header.source_symbols || block.symbol_bytes != packet.symbol.size())
    return Error(Errc::corrupt, "symbols of one block differ in size or number");
  return {};
}

std::optional<Buffer> ReceiveBlocks::decode(Block& block, BlockCoder& coder) {
  bool in_place = true;
  for (std::size_t slot = 0; slot < block.came.size(); ++slot)
    in_place = in_place && block.came[slot] == slot;
  if (in_place) return std::move(block.data);
  const std::size_t size = block.symbol_bytes;
  Buffer whole = Buffer::allocate(block.k * size);
  std::vector<RepairSymbol> repairs;
  for (std::size_t slot = 0; slot < block.came.size(); ++slot) {
    const ByteView symbol = block.data.view().subspan(slot * size, size);
    const unsigned esi = block.came[slot];
    if (esi < block.k) {
      std::memcpy(whole.writable().data() + esi * size, symbol.data(), size);
    } else {
      repairs.push_back({esi, symbol});
    }
  }
  std::vector<unsigned> missing;
  for (unsigned i = 0; i < block.k; ++i)
    if (!block.have[i]) missing.push_back(i);
  repaired_ += missing.size();
  if (!missing.empty() && !coder.recover(whole.writable(), block.k, missing, repairs)) return std::nullopt;
  return whole;
}

Result<ReceiveBlocks::Taken> ReceiveBlocks::take(const DataPacket& packet, BlockCoder& coder) {
  const DataHeader& header = packet.header;
  if (header.block < base_) return Taken{Use::late, std::nullopt};
  if (header.block >= limit_) return Error(Errc::corrupt, "a coded block beyond the granted window");
  const std::size_t index = header.block - base_;
  if (index >= blocks_.size()) blocks_.resize(index + 1);
  Block& block = blocks_[index];
  if (block.done) return Taken{Use::late, std::nullopt};
  DCDN_CHECK(fit(block, packet));
  if (block.have[header.esi]) return Taken{Use::duplicate, std::nullopt};
  block.have[header.esi] = true;
  std::memcpy(block.data.writable().data() + block.came.size() * block.symbol_bytes, packet.symbol.data(),
              block.symbol_bytes);
  block.came.push_back(header.esi);
  Taken taken;
  if (block.need() > 0) return taken;
  taken.block = decode(block, coder);
  if (!taken.block) return Error(Errc::internal, "a complete block cannot be decoded");
  window_.give(taken.block->size());
  bytes_ -= taken.block->size();
  block = Block();
  block.done = true;
  while (!blocks_.empty() && blocks_.front().done) {
    blocks_.pop_front();
    ++base_;
  }
  return taken;
}

// Blocks that have begun are among those that were granted; what else is held is not.
void ReceiveBlocks::grant() {
  const std::size_t beside = window_.held() - std::min(window_.held(), bytes_);
  const std::size_t room = beside < window_.bytes() ? (window_.bytes() - beside) / largest_block_ : 0;
  limit_ = std::max(limit_, base_ + static_cast<std::uint32_t>(std::min(room, kMaxFeedbackBlocks)));
}

void ReceiveBlocks::report(Feedback& feedback) const {
  feedback.base = base_;
  feedback.limit = std::max(limit_, base_);
  feedback.need.clear();
  for (const Block& block : blocks_) feedback.need.push_back(static_cast<std::uint8_t>(block.need()));
}

}  // namespace dcdn::coded
