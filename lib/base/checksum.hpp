// checksum.hpp - XXH3-64: finds damage fast, proves nothing. Never for trust.
#pragma once
#include "dcdn/bytes.hpp"

namespace dcdn {

std::uint64_t xxh3_64(ByteView bytes);

}  // namespace dcdn
