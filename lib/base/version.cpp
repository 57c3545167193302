#include "dcdn/version.hpp"

#include <fmt/format.h>

#include <string>

namespace dcdn {

const char* version() {
  return DCDN_VERSION;
}

const char* features() {
  static const std::string text =
      fmt::format("dcdn {}\nformat {}\nsession {}\n", DCDN_VERSION, kFormatVersion, kSessionVersion);
  return text.c_str();
}

}  // namespace dcdn
