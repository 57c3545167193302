#include "sign/qr_text.hpp"

#include <array>

#include "base/checksum.hpp"
#include "sign/base32.hpp"

namespace dcdn::sign {

namespace {

constexpr std::size_t kMaxText = 4096;

/// The top 20 bits of XXH3-64 of the line, as in a node id.
std::string check_of(std::string_view line) {
  const std::uint64_t sum = xxh3_64(as_bytes(line));
  const std::array<std::uint8_t, 3> top{static_cast<std::uint8_t>(sum >> 56),
                                        static_cast<std::uint8_t>(sum >> 48),
                                        static_cast<std::uint8_t>((sum >> 40) & 0xf0)};
  return to_base32(top).substr(0, 4);
}

}  // namespace

std::string to_qr_text(std::string_view line) {
  return std::string(kQrPrefix) + to_base32(as_bytes(line)) + ":" + check_of(line);
}

Result<std::string> from_qr_text(std::string_view text) {
  std::string upper;
  for (const char c : text.substr(0, kMaxText))
    upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::size_t colon = upper.rfind(':');
  if (!upper.starts_with(kQrPrefix) || colon < kQrPrefix.size() || text.size() > kMaxText)
    return Error(Errc::corrupt, "not a line of dcdn-sign trust export --qr");
  const auto bytes = from_base32(std::string_view(upper).substr(kQrPrefix.size(), colon - kQrPrefix.size()));
  const std::string line = bytes ? std::string(as_text(*bytes)) : std::string();
  if (!bytes || upper.substr(colon + 1) != check_of(line))
    return Error(Errc::corrupt, "the check at the end does not fit: mistyped");
  return line;
}

}  // namespace dcdn::sign
