// qr_text.hpp - a line of text in the characters of a QR code's alphanumeric mode (dcdn-sign(1), FORMAT).
// Pure.
//
// "DCDN:TRUST:1:", the base32 of the line's bytes, ":" and four characters of base32 that check it.
#pragma once
#include <string>
#include <string_view>

#include "dcdn/result.hpp"

namespace dcdn::sign {

inline constexpr std::string_view kQrPrefix = "DCDN:TRUST:1:";

std::string to_qr_text(std::string_view line);
/// Either case. error corrupt: not such a text, or mistyped.
Result<std::string> from_qr_text(std::string_view text);

}  // namespace dcdn::sign
