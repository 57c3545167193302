// quic_clock.hpp - time as ngtcp2 counts it: nanoseconds of the steady clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "net/quic_library.hpp"

namespace dcdn::net {

inline constexpr ngtcp2_tstamp kNever = UINT64_MAX;

inline ngtcp2_tstamp quic_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<ngtcp2_tstamp>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

/// What this thread has had of a processor: what something cost, also on a busy machine.
inline std::uint64_t thread_time() {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * kSecond + static_cast<std::uint64_t>(used.tv_nsec);
}

inline std::chrono::steady_clock::time_point time_point_of(ngtcp2_tstamp time) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(time));
}

}  // namespace dcdn::net
