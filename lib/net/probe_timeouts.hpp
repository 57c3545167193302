// probe_timeouts.hpp - how many probe timeouts (PTO) have passed since the peer last acknowledged something.
//
// QUIC doubles its timer each time, so n of them have passed after (2^n - 1) PTO without an answer. Counted
// here and not asked of the library, which stopped telling.
//
// Source   RFC 9002 section 6.2
// Threads  pure: time is a parameter.
#pragma once
#include <cstdint>

namespace dcdn::net {

class ProbeTimeouts {
 public:
  using Nanoseconds = std::uint64_t;
  /// Something was acknowledged, or nothing is on its way.
  void answered(Nanoseconds now) { since_ = now; }
  /// pto: the timer as it is after an answer. 0 as long as an answer could not be there.
  [[nodiscard]] unsigned count(Nanoseconds now, Nanoseconds pto) const {
    constexpr unsigned kMost = 30;
    const Nanoseconds silent = now > since_ ? now - since_ : 0;
    unsigned passed = 0;
    if (pto == 0) return 0;
    while (passed < kMost && silent / pto >= (Nanoseconds{2} << passed) - 1) ++passed;
    return passed;
  }

 private:
  Nanoseconds since_ = 0;
};

}  // namespace dcdn::net
