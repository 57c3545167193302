#include "coded/receive_blocks.hpp"

#include <algorithm>
#include <cstring>

namespace dcdn::coded {

unsigned ReceiveBlocks::Block::need() const {
  if (done) return 0;
  if (k == 0) return kMaxSourceSymbols;  // more than it can have: the sender knows better
  return k - std::min<unsigned>(k, source_symbols + static_cast<unsigned>(repairs.size()));
}

Result<void> ReceiveBlocks::fit(Block& block, const DataPacket& packet) {
  if (block.k == 0) {
    block.k = packet.header.source_symbols;
    block.symbol_bytes = packet.symbol.size();
    block.data = Buffer::allocate(block.k * block.symbol_bytes);
    largest_block_ = std::max(largest_block_, block.data.size());
  }
  if (block.k != packet.header.source_symbols || block.symbol_bytes != packet.symbol.size())
    return Error(Errc::corrupt, "symbols of one block differ in size or number");
  return {};
}

bool ReceiveBlocks::decode(Block& block, BlockCoder& coder) {
  std::vector<unsigned> missing;
  for (unsigned i = 0; i < block.k; ++i)
    if (!block.have[i]) missing.push_back(i);
  repaired_ += missing.size();
  return missing.empty() || coder.recover(block.data.writable(), block.k, missing, block.repairs);
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
  if (header.esi < block.k) {
    std::memcpy(block.data.writable().data() + header.esi * block.symbol_bytes, packet.symbol.data(),
                block.symbol_bytes);
    ++block.source_symbols;
  } else {
    block.repairs.push_back({header.esi, Bytes(packet.symbol.begin(), packet.symbol.end())});
  }
  Taken taken;
  if (block.need() > 0) return taken;
  if (!decode(block, coder)) return Error(Errc::internal, "a complete block cannot be decoded");
  taken.block = std::move(block.data);
  block = Block();
  block.done = true;
  while (!blocks_.empty() && blocks_.front().done) {
    blocks_.pop_front();
    ++base_;
  }
  return taken;
}

void ReceiveBlocks::set_held(std::size_t bytes) {
  const std::size_t room = bytes < window_ ? (window_ - bytes) / largest_block_ : 0;
  limit_ = std::max(limit_, base_ + static_cast<std::uint32_t>(std::min(room, kMaxFeedbackBlocks)));
}

void ReceiveBlocks::report(Feedback& feedback) const {
  feedback.base = base_;
  feedback.limit = std::max(limit_, base_);
  feedback.need.clear();
  for (const Block& block : blocks_) feedback.need.push_back(static_cast<std::uint8_t>(block.need()));
}

}  // namespace dcdn::coded
