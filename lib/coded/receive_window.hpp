// receive_window.hpp - how much the coded carrier may make us hold, and how much that is now.
//
// Everything that the peer can make grow is asked for here before it is allocated: blocks of which symbols
// have come, pieces that wait for earlier ones, what an open stream costs. What was delivered and is not
// consumed counts as well, so that no more is granted while the user is slow.
//
// Threads  pure.
#pragma once
#include <algorithm>
#include <cstddef>

#include "coded/coded_packet.hpp"
#include "dcdn/result.hpp"

namespace dcdn::coded {

inline constexpr std::size_t kMaxBlockBytes = kMaxSourceSymbols * kMaxSymbolBytes;

class ReceiveWindow {
 public:
  /// What the first blocks need, which are granted before anything is known, and what it costs to keep track
  /// of an honest peer's pieces: that much more than `bytes` may be held.
  static constexpr std::size_t kGrace = kFirstGrant * kMaxBlockBytes + (std::size_t{1} << 20);

  explicit ReceiveWindow(std::size_t bytes) : bytes_(bytes) {}

  /// error limit: a peer that keeps to what it was granted does not come to this.
  Result<void> take(std::size_t bytes) {
    if (bytes > bytes_ + kGrace - std::min(held_, bytes_ + kGrace))
      return Error(Errc::limit, "the peer makes the coded carrier hold more than it was allowed");
    held_ += bytes;
    return {};
  }
  /// What was taken is another's now, and no larger.
  void give(std::size_t bytes) { held_ -= std::min(held_, bytes); }
  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  std::size_t held_ = 0;
};

}  // namespace dcdn::coded
