// coded_sender.hpp - one direction of the coded carrier, sending side: streams to blocks to packets, as fast
// as the path takes them.
//
// Threads  pure: time is a parameter, packets are handed out and nothing is sent.
#pragma once
#include <optional>

#include "coded/rate_control.hpp"
#include "coded/send_blocks.hpp"
#include "coded/stream_arrivals.hpp"

namespace dcdn::coded {

class CodedSender {
 public:
  struct Packet {
    std::uint64_t number = 0;
    DataHeader header;
    ByteView symbol;  // valid until the next call
  };

  /// `coder` must outlive this. most_held: bytes that are kept for a receiver that does not have them yet,
  /// whatever its window is.
  CodedSender(BlockCoder& coder, const RateOptions& options, std::size_t most_held = SIZE_MAX)
      : coder_(coder), control_(options), blocks_(most_held) {}

  /// critical: before all others, and with repair symbols from the start.
  void push(StreamNumber stream, Buffer bytes, bool fin, bool critical);
  /// What no block carries yet of `stream` is forgotten, and its arrival is not told.
  void drop(StreamNumber stream);
  /// Content that no block carries yet.
  [[nodiscard]] std::size_t queued_bytes() const { return normal_.bytes() + critical_.bytes(); }

  /// The packet to send now, if one is due. New blocks get symbols of `symbol_bytes`.
  std::optional<Packet> next(Seconds now, std::size_t symbol_bytes);
  /// When to ask next() again; infinite: after push() or take().
  [[nodiscard]] Seconds due() const { return due_; }
  /// `number`: the feedback's packet number; older ones than the newest are ignored. error corrupt: it cannot
  /// be true.
  Result<void> take(const Feedback& feedback, std::uint64_t number, Seconds now);
  /// Streams that the receiver has whole since the last call, by what take() was told.
  std::vector<StreamNumber> take_arrived() { return arrivals_.take(); }
  [[nodiscard]] RateControl& control() { return control_; }
  [[nodiscard]] const RateControl& control() const { return control_; }
  [[nodiscard]] std::uint64_t packets_sent() const { return next_number_; }
  [[nodiscard]] std::uint64_t repair_sent() const { return blocks_.repair_sent(); }
  [[nodiscard]] std::uint64_t repair_bytes_sent() const { return blocks_.repair_bytes_sent(); }
  [[nodiscard]] std::uint64_t bytes_delivered() const { return blocks_.bytes_delivered(); }
  /// Packets that arrived and were of no use: their block was complete, as far as feedback tells.
  [[nodiscard]] std::uint64_t wasted() const;
  /// Nothing queued, and the receiver has every block.
  [[nodiscard]] bool all_done() const { return blocks_.all_done() && normal_.empty() && critical_.empty(); }
  [[nodiscard]] std::size_t bytes_held() const { return blocks_.bytes_held(); }

 private:
  std::ptrdiff_t choose(std::size_t symbol_bytes);
  bool add_block(PieceQueue& from, std::size_t symbol_bytes, bool critical);
  void pace(Seconds now, double rate);

  BlockCoder& coder_;
  RateControl control_;
  SendBlocks blocks_;
  StreamArrivals arrivals_;
  PieceQueue normal_;
  PieceQueue critical_;
  std::uint64_t next_number_ = 0;
  std::optional<std::uint64_t> newest_feedback_;
  Seconds paced_ = 0;  // when the rate allows the next packet
  Seconds due_ = 0;
};

}  // namespace dcdn::coded
