// send_blocks.hpp - the blocks a sender has under way, and which one sends its next symbol.
//
// One rule: the first block that has fewer symbols unsettled (sent, and not yet known to have arrived or be
// lost) than it needs sends. That is a source symbol for a new block and a repair symbol for an old one, and
// never one too many. Only where no block qualifies, at the end of what there is to send, the link has time
// left, and the block that is least likely to get by with what is under way sends more. Threads  pure.
#pragma once
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "coded/block_coder.hpp"
#include "coded/coded_packet.hpp"
#include "coded/coded_time.hpp"

namespace dcdn::coded {

class SendBlocks {
 public:
  /// most_held: bytes of blocks that are kept until the receiver has them, whatever it says that it takes; at
  /// least kFirstGrant blocks.
  explicit SendBlocks(std::size_t most_held = SIZE_MAX) : most_held_(most_held) {}
  struct Symbol {
    DataHeader header;  // without stamp and interval
    ByteView bytes;     // valid until the next call
  };

  /// A new block of `content` in symbols of `symbol_bytes`. Critical ones go first and carry repair symbols
  /// from the start, so that they need no second round trip.
  /// Returns its number.
  std::uint32_t add(Bytes content, std::size_t symbol_bytes, bool critical);
  /// True if the receiver's window, and ours, allow one more block.
  [[nodiscard]] bool may_add() const {
    return next_ < limit_ && (blocks_.size() < kFirstGrant || bytes_held_ < most_held_);
  }

  /// The block that qualifies by the rule; -1: none. loss: share of packets that gets lost.
  [[nodiscard]] std::ptrdiff_t due(double loss, bool critical_only) const;
  /// The block to send more of when none is due; -1: all will very likely get by. anyway: also then, as a
  /// probe.
  [[nodiscard]] std::ptrdiff_t weakest(double loss, bool anyway) const;
  /// The next symbol of that block, sent at `now` as packet `number`.
  Symbol send(std::ptrdiff_t block, std::uint64_t number, Seconds now, BlockCoder& coder);

  /// highest: feedback.highest as a whole number. error corrupt: of blocks or symbols that were never sent.
  Result<void> take(const Feedback& feedback, std::uint64_t highest);
  /// Blocks that take() has found complete since the last call, each once.
  std::vector<std::uint32_t> take_completed() { return std::exchange(completed_, {}); }
  /// No block lacks anything.
  [[nodiscard]] bool all_done() const { return blocks_.empty(); }
  [[nodiscard]] bool unsettled() const { return !sent_.empty(); }
  [[nodiscard]] std::uint64_t repair_sent() const { return repair_sent_; }
  [[nodiscard]] std::uint64_t repair_bytes_sent() const { return repair_bytes_sent_; }
  /// Symbols that the receiver needed and has, and the bytes of the blocks that it has whole.
  [[nodiscard]] std::uint64_t symbols_used() const;
  [[nodiscard]] std::uint64_t bytes_delivered() const { return bytes_delivered_; }
  [[nodiscard]] std::size_t bytes_held() const { return bytes_held_; }

 private:
  struct Block {
    Bytes data;
    std::size_t symbol_bytes = 0;
    unsigned k = 0;
    unsigned next_esi = 0;
    unsigned sent = 0;  // symbols, up to k of them
    unsigned need = 0;
    unsigned unsettled = 0;
    bool critical = false;
  };
  struct Sent {
    std::uint64_t number;
    std::uint32_t stamp;
    std::uint32_t block;
  };
  void settle(const Feedback& feedback, std::uint64_t highest);
  [[nodiscard]] Result<void> check(const Feedback& feedback) const;
  void complete(std::uint32_t number);

  std::size_t most_held_;
  std::deque<Block> blocks_;
  std::uint32_t base_ = 0;  // number of blocks_.front()
  std::uint32_t next_ = 0;
  std::uint32_t limit_ = kFirstGrant;
  std::deque<Sent> sent_;
  std::vector<std::uint32_t> completed_;
  Bytes repair_;
  std::uint64_t repair_sent_ = 0;
  std::uint64_t repair_bytes_sent_ = 0;
  std::uint64_t symbols_delivered_ = 0;
  std::uint64_t bytes_delivered_ = 0;
  std::size_t bytes_held_ = 0;
};

}  // namespace dcdn::coded
