// coded_receiver.hpp - one direction of the coded carrier, receiving side: packets to blocks to streams, and
// what the sender is told.
//
// Threads  pure.
#pragma once
#include "coded/arrivals.hpp"
#include "coded/receive_blocks.hpp"
#include "coded/stream_pieces.hpp"

namespace dcdn::coded {

class CodedReceiver {
 public:
  /// window: bytes held at most, decoded or not, and ReceiveWindow::kGrace. `coder` must outlive this.
  CodedReceiver(BlockCoder& coder, std::size_t window)
      : coder_(coder), window_(window), blocks_(window_), joiner_(window_) {}
  CodedReceiver(const CodedReceiver&) = delete;
  CodedReceiver& operator=(const CodedReceiver&) = delete;

  /// A packet that is authentic and was not seen before. error corrupt, limit: the peer breaks the rules.
  Result<void> take(std::uint64_t number, const DataPacket& packet, Seconds now,
                    const StreamJoiner::Deliver& deliver);
  /// The user no longer holds that much of what was delivered.
  void consumed(std::size_t bytes);

  /// When feedback() is due; infinite: after take().
  [[nodiscard]] Seconds due() const;
  [[nodiscard]] Feedback feedback(Seconds now);

  [[nodiscard]] std::uint64_t packets_received() const { return arrivals_.received(); }
  [[nodiscard]] std::uint64_t packets_missing() const { return arrivals_.missing(); }
  /// Symbols that were of no use: their block was complete.
  [[nodiscard]] std::uint64_t wasted() const { return wasted_; }
  [[nodiscard]] std::uint64_t repaired() const { return blocks_.repaired(); }
  /// Bytes, with what it costs to keep track of them.
  [[nodiscard]] std::size_t held() const { return window_.held(); }

 private:
  BlockCoder& coder_;
  Arrivals arrivals_;
  ReceiveWindow window_;
  ReceiveBlocks blocks_;
  StreamJoiner joiner_;
  std::uint32_t told_limit_ = kFirstGrant;
  std::uint64_t wasted_ = 0;
};

}  // namespace dcdn::coded
