// hex_bytes.hpp - bytes as the RFCs print them.
#pragma once
#include "base/text.hpp"

namespace dcdn {

inline Bytes hex(std::string_view text) {
  return from_hex(text, text.size() / 2).value();
}

}  // namespace dcdn
