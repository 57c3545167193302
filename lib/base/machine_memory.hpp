// machine_memory.hpp - how much this process can have, so that a plan for more is refused before it begins.
#pragma once
#include <cstdint>

namespace dcdn {

/// Bytes that may still be allocated, at most: the least of what the machine has, what its container may have
/// and what the limits of the process leave (RLIMIT_AS, RLIMIT_DATA). No promise: others use memory too.
std::uint64_t memory_to_be_had();

}  // namespace dcdn
