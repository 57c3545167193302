// dcdn/version.hpp - what this library is.
//
// Threads  constants; the strings live as long as the program
#pragma once
#include "dcdn/export.hpp"

namespace dcdn {

inline constexpr int kFormatVersion = 1;   ///< dcdn-format(5)
inline constexpr int kSessionVersion = 1;  ///< dcdn-session(5), the number in the ALPN name "dcdn/1"
/// "0.1.0".
DCDN_API const char* version();
/// One feature a line, name and version: "dcdn 0.1.0", "format 1", "session 1". Ends in a newline.
DCDN_API const char* features();

}  // namespace dcdn
