// offers_ahead.hpp - how many objects are offered and not yet done at once.
#pragma once
#include <cstddef>
#include <cstdint>

#include "session/send_object.hpp"

namespace dcdn::session {

/// A few of any size. Of small ones more: all that are under way share the price of a round trip, and of a
/// sync of the receiver's disk.
class OffersAhead {
 public:
  static constexpr std::size_t kFew = 16;
  static constexpr std::size_t kMost = 60;               // a receiver takes 64
  static constexpr std::uint64_t kMostBytes = 1u << 20;  // together, beyond the few

  /// `active`: what is under way, each with its transfer, by stream.
  explicit OffersAhead(const auto& active) {
    for (const auto& [stream, one] : active) add(one.transfer->object());
  }
  /// Whether one more may be offered; it counts then.
  bool take(const SendObject& object) {
    const bool small = object.bytes && *object.bytes < kMostBytes && bytes_ < kMostBytes - *object.bytes;
    if (count_ >= (small ? kMost : kFew)) return false;
    add(object);
    return true;
  }

 private:
  void add(const SendObject& object) {
    ++count_;
    bytes_ += object.bytes.value_or(kMostBytes);
  }

  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace dcdn::session
