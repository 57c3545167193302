// base32.hpp - RFC 4648 base32 without padding, in capitals: what a QR code holds most densely. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "dcdn/bytes.hpp"

namespace dcdn::sign {

std::string to_base32(ByteView bytes);
/// Either case; nullopt if a character is not of the alphabet or it is not the one spelling of its bytes.
std::optional<Bytes> from_base32(std::string_view text);

}  // namespace dcdn::sign
