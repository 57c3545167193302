// dcdn/version.hpp - what this library is.
#pragma once
#include "dcdn/export.hpp"

namespace dcdn {

inline constexpr int kFormatVersion = 1;  ///< dcdn-format(5)
/// "0.1.0".
DCDN_API const char* version();
/// One feature a line, name and version: "format 1", "quic ngtcp2 0.12.1", "zstd 1.5.4".
DCDN_API const char* features();

}  // namespace dcdn
