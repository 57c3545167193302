// tree_fingerprint.hpp - whether somebody touched what lies under a name.
#pragma once
#include <string>

#include "dcdn/bytes.hpp"

namespace dcdn::store {

/// Over the names, sizes, times, modes and link targets of a file, or of a directory and what is below it, in
/// a manifest's order; no content is read. `path` itself may be a symbolic link, below it none is followed.
/// Zero: nothing is there, or something that no receiver puts there: not readable, deeper than
/// wire::kMaxDepth, a name that would be refused, a link that is too long.
Digest tree_fingerprint(const std::string& path);

}  // namespace dcdn::store
