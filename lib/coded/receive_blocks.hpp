// receive_blocks.hpp - the blocks of which a receiver has some symbols, and how many each still lacks.
//
// Memory   at most limit() - base() blocks of kMaxBlockBytes; the limit follows what the user has consumed.
// Threads  pure.
#pragma once
#include <bitset>
#include <deque>
#include <optional>

#include "base/buffer.hpp"
#include "coded/block_coder.hpp"
#include "coded/coded_packet.hpp"

namespace dcdn::coded {

inline constexpr std::size_t kMaxBlockBytes = kMaxSourceSymbols * kMaxSymbolBytes;

class ReceiveBlocks {
 public:
  /// window: bytes held at most, in blocks and by the user; at least kFirstGrant blocks are granted all the
  /// same.
  explicit ReceiveBlocks(std::size_t window) : window_(window) {}

  enum class Use { useful, duplicate, late };
  struct Taken {
    Use use = Use::useful;
    std::optional<Buffer> block;  // complete with this symbol
  };
  /// error corrupt: contradicts an earlier symbol of the block, or lies outside the window.
  Result<Taken> take(const DataPacket& packet, BlockCoder& coder);
  /// The user holds that many bytes of what was handed out.
  void set_held(std::size_t bytes);
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
    Buffer data;
    std::bitset<kMaxSymbols> have;
    unsigned source_symbols = 0;
    std::vector<RepairSymbol> repairs;
    bool done = false;
    [[nodiscard]] unsigned need() const;
  };
  Result<void> fit(Block& block, const DataPacket& packet);
  bool decode(Block& block, BlockCoder& coder);

  std::size_t window_;
  std::deque<Block> blocks_;  // from base_ to the highest seen
  std::uint32_t base_ = 0;
  std::uint32_t limit_ = kFirstGrant;
  std::size_t largest_block_ = kMaxSourceSymbols * 1500;
  std::uint64_t repaired_ = 0;
};

}  // namespace dcdn::coded
