// text_output.hpp - whole writes of text to a descriptor, and small text files read whole.
#pragma once
#include <string>
#include <string_view>

#include "dcdn/result.hpp"

namespace dcdn::tool {

/// Everything, through EINTR and short counts. `what` names the output in an error. error closed_pipe,
/// no_space, io.
Result<void> write_text(int fd, std::string_view text, const std::string& what);
/// error not_found, permission, io; limit: over `limit` bytes.
Result<std::string> read_text_file(const std::string& path, std::size_t limit);

}  // namespace dcdn::tool
