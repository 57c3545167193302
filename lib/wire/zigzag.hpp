// zigzag.hpp - negative numbers as varints: 0, -1, 1, -2 ... become 0, 1, 2, 3 ..., so that small ones are
// short.
#pragma once
#include <cstdint>

namespace dcdn::wire {

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

}  // namespace dcdn::wire
