// sparse.hpp - files whose zeros take no room.
#pragma once
#include <cstdint>
#include <string>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// As write_all_at, but whole blocks of zeros are left out, so that a new file has holes there: who calls
/// gives it its length at last (ftruncate).
Result<void> write_sparse_at(int fd, ByteView bytes, std::uint64_t offset, const std::string& what);
/// Makes holes of the whole blocks of zeros among `bytes`, which are what the file holds from its beginning;
/// where that cannot be done they stay.
void free_zeros(int fd, ByteView bytes);

}  // namespace dcdn
