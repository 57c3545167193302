// file_list.hpp - dcdn-send --files-from: a list of paths, out of a file or standard input.
#pragma once
#include <string>
#include <vector>

#include "dcdn/result.hpp"

namespace dcdn::tool {

/// Paths that end with a line's end, or with a zero byte; empty ones do not count. `file`: "-" is standard
/// input. error not_found, permission, io; limit: more than 256 MiB.
Result<std::vector<std::string>> read_file_list(const std::string& file, bool ends_with_nul);

}  // namespace dcdn::tool
