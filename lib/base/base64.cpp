#include "base/base64.hpp"

#include <algorithm>

#include "dcdn/escape.hpp"

namespace dcdn {

namespace {
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string to_base64(ByteView bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= have ? kDigits[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    std::size_t digits = 0;
    for (; digits < 4 && text[i + digits] != '='; ++digits) {
      const std::size_t digit = kDigits.find(text[i + digits]);
      if (digit == std::string_view::npos) return std::nullopt;
      group |= static_cast<std::uint32_t>(digit) << (18 - 6 * digits);
    }
    if (digits < 4 && (i + 4 != text.size() || digits < 2)) return std::nullopt;
    for (std::size_t k = digits; k < 4; ++k)
      if (text[i + k] != '=') return std::nullopt;
    for (std::size_t k = 0; k + 1 < digits; ++k)
      bytes.push_back(static_cast<std::uint8_t>(group >> (16 - 8 * k)));
  }
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  return to_base64(as_bytes(bytes));
}

}  // namespace dcdn
