#include "base/checksum.hpp"

#include <xxhash.h>

namespace dcdn {

std::uint64_t xxh3_64(ByteView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace dcdn
