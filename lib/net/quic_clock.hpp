// quic_clock.hpp - time as ngtcp2 counts it: nanoseconds of the steady clock.
#pragma once

#include <chrono>

#include "net/quic_library.hpp"

namespace dcdn::net {

inline constexpr ngtcp2_tstamp kNever = UINT64_MAX;

inline ngtcp2_tstamp quic_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<ngtcp2_tstamp>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

inline std::chrono::steady_clock::time_point time_point_of(ngtcp2_tstamp time) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time));
}

}  // namespace dcdn::net
