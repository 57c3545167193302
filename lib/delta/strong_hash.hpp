// strong_hash.hpp - the strong sums of rdiff's signatures: BLAKE2b-256 (RFC 7693) and MD4 (RFC 1320).
//
// BLAKE2b runs over several blocks at once, one in each lane of a vector register: blocks are independent,
// one block is not. Threads  any
#pragma once
#include <array>

#include "dcdn/bytes.hpp"
#include "delta/vector_target.hpp"

namespace dcdn::delta {

enum class StrongKind : std::uint8_t { blake2, md4 };

inline constexpr std::size_t kMostStrongBytes = 32;
/// How many blocks strong_sums() takes at once.
inline constexpr std::size_t kStrongLanes = 8;
using StrongSum = std::array<std::uint8_t, kMostStrongBytes>;  ///< MD4 fills the first 16 bytes

/// Bytes of a whole sum: 32 or 16.
std::size_t strong_size(StrongKind kind);
StrongSum strong_sum(StrongKind kind, ByteView block);
/// Sums of `count` <= kStrongLanes blocks of `size` bytes each. `target` as in weak_sum().
void strong_sums(StrongKind kind, const std::uint8_t* const* blocks, std::size_t count, std::size_t size,
                 StrongSum* sums, Target target = best_target());

}  // namespace dcdn::delta
