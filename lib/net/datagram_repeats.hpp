// datagram_repeats.hpp - small datagrams that are sent again, unchanged, before anybody can tell whether they
// arrived.
//
// Why      a lost packet of the handshake costs QUIC a second, and one of the control streams a probe
// timeout. On a
//          path that loses a third of its packets that is most of what a small transfer takes. A copy costs a
//          few hundred bytes, QUIC drops what it has seen, and copies that are spaced in time survive a short
//          burst; where the answer comes sooner than the copy is due, nothing is sent twice.
// Threads  pure: time is a parameter.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>

#include "net/datagram.hpp"

namespace dcdn::net {

class DatagramRepeats {
 public:
  using Nanoseconds = std::uint64_t;
  static constexpr Nanoseconds kNever = UINT64_MAX;

  /// `batch` was sent at `now`. Copies follow `gap` later, then each after twice the gap before. `copies`:
  /// how many.
  void add(const DatagramBatch& batch, unsigned copies, Nanoseconds gap, Nanoseconds now);
  /// Everything that was sent has been answered.
  void forget() { waiting_.clear(); }
  /// When the next copy is due; kNever: none is.
  [[nodiscard]] Nanoseconds due() const;
  /// A copy that is due and no longer than `most` bytes; its view is valid until the next call. Longer ones
  /// wait.
  std::optional<DatagramBatch> next(Nanoseconds now, std::uint64_t most = UINT64_MAX);

 private:
  struct Waiting {
    Bytes bytes;
    DatagramBatch batch;  // its view is of `bytes` only when handed out
    unsigned left = 0;
    Nanoseconds gap = 0;
    Nanoseconds due = 0;
  };
  std::deque<Waiting> waiting_;
  Bytes out_;
};

}  // namespace dcdn::net
