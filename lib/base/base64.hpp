// base64.hpp - RFC 4648 base64 with padding, as signature files of others have it. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "dcdn/bytes.hpp"

namespace dcdn {

std::string to_base64(ByteView bytes);
/// nullopt: a character outside the alphabet, wrong padding, or not the one spelling of its bytes.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace dcdn
