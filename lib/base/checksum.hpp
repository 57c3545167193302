// checksum.hpp - XXH3-64: finds damage fast, proves nothing. Never for trust.
#pragma once
#include <initializer_list>

#include "dcdn/bytes.hpp"

namespace dcdn {

std::uint64_t xxh3_64(ByteView bytes);
/// Of the concatenation of `parts`, which are not joined for it.
std::uint64_t xxh3_64(std::initializer_list<ByteView> parts);

}  // namespace dcdn
