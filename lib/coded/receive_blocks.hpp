// receive_blocks.hpp - the blocks of which a receiver has some symbols, and how many each still lacks.
//
// Memory   no block is more than its k symbols, whichever came, and all of them are taken from the window;
// the
//          limit follows what else is held.
// Threads  pure.
#pragma once
#include <bitset>
#include <deque>
#include <optional>

#include "base/buffer.hpp"
#include "coded/block_coder.hpp"
#include "coded/receive_window.hpp"

namespace dcdn::coded {

class ReceiveBlocks {
 public:
  /// At least kFirstGrant blocks are granted whatever the window is. It outlives this.
  explicit ReceiveBlocks(ReceiveWindow& window) : window_(window) {}

  enum class Use { useful, duplicate, late };
  struct Taken {
    Use use = Use::useful;
    std::optional<Buffer> block;  // complete with this symbol
  };
  /// error corrupt: contradicts an earlier symbol of the block, or lies beyond what was granted; limit: as
  /// ReceiveWindow.
  Result<Taken> take(const DataPacket& packet, BlockCoder& coder);
  /// Grants as many blocks as the window has room for.
  void grant();
  /// Blocks from it on may not be sent yet.
  [[nodiscard]] std::uint32_t limit() const { return limit_; }

  /// Fills in base, limit and need.
  void report(Feedback& feedback) const;
  [[nodiscard]] bool complete() const { return blocks_.empty(); }
  [[nodiscard]] std::uint64_t repaired() const { return repaired_; }  ///< symbols that were computed

 private:
  struct Block {
    unsigned k = 0;  // 0: nothing of it came yet
    std::size_t symbol_bytes = 0;
    Buffer data;  // symbols in the order in which they came
    std::bitset<kMaxSymbols> have;
    std::vector<std::uint8_t> came;  // their ESI
    bool done = false;
    [[nodiscard]] unsigned need() const;
  };
  Result<void> fit(Block& block, const DataPacket& packet);
  /// Null: it cannot be done.
  std::optional<Buffer> decode(Block& block, BlockCoder& coder);

  ReceiveWindow& window_;
  std::size_t bytes_ = 0;     // of the window, in blocks
  std::deque<Block> blocks_;  // from base_ to the highest seen
  std::uint32_t base_ = 0;
  std::uint32_t limit_ = kFirstGrant;
  std::size_t largest_block_ = kMaxSourceSymbols * 1500;
  std::uint64_t repaired_ = 0;
};

}  // namespace dcdn::coded
