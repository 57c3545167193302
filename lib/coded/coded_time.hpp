// coded_time.hpp - time in the coded carrier: seconds of some steady clock, and the 32-bit stamps on the
// wire.
//
// The clocks of the two ends are unrelated: a stamp is only ever compared with stamps of the same clock,
// modulo 2^32 microseconds (71 minutes).
#pragma once
#include <cmath>
#include <cstdint>

namespace dcdn::coded {

/// Since an epoch that the caller chooses and keeps.
using Seconds = double;

inline std::uint32_t stamp_of(Seconds time) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(std::llround(time * 1e6)));
}
/// later - earlier; negative if it is the other way round. Right for less than 35 minutes.
inline Seconds stamps_apart(std::uint32_t later, std::uint32_t earlier) {
  return static_cast<std::int32_t>(later - earlier) * 1e-6;
}

}  // namespace dcdn::coded
