// random.hpp - the system's random bytes.
#pragma once
#include "dcdn/bytes.hpp"

namespace dcdn {

/// Fills `into` from getrandom(2); aborts if the kernel cannot, because nothing safe can follow.
void random_bytes(MutableByteView into);
std::uint64_t random_u64();

}  // namespace dcdn
