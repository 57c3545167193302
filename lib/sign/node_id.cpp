// The text form of a node id, declared in ed25519.hpp: RFC 4648 base32 in lower case, with a check against
// mistyping.
#include <array>
#include <optional>

#include "base/base64.hpp"
#include "base/checksum.hpp"
#include "base/text.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::sign {

namespace {

constexpr std::string_view kPrefix = "dcdn1";
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kKeyDigits = 52;  // 260 bits; the last four are zero
constexpr std::size_t kCheckDigits = 4;
constexpr std::size_t kTextBytes = kPrefix.size() + kKeyDigits + kCheckDigits;
constexpr std::size_t kShortDigits = 8;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string check_digits(const NodeId& id) {
  const std::uint64_t sum = xxh3_64(id.view());
  std::string text;
  for (unsigned i = 0; i < kCheckDigits; ++i) text += kAlphabet[(sum >> (59 - 5 * i)) & 31];
  return text;
}

/// A public key as minisign and signify print it, and people hand it on: two bytes for the algorithm, eight
/// that name it, the key. It has no check against mistyping.
std::optional<NodeId> parse_minisign(std::string_view text) {
  constexpr std::size_t kBase64 = 56;
  constexpr std::size_t kBeforeKey = 10;
  if (text.size() != kBase64 || !text.starts_with("RW")) return std::nullopt;
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != kBeforeKey + 32 || (*bytes)[1] != 'd') return std::nullopt;
  return NodeId::copy_of(ByteView(*bytes).subspan(kBeforeKey));
}

Error bad_id(const std::string& why) {
  return Error(Errc::usage, "node id: " + why).with_hint("copy the whole line that dcdn-sign id prints");
}

}  // namespace

std::string to_text(const NodeId& id) {
  std::string text(kPrefix);
  text.reserve(kTextBytes);
  unsigned held = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : id.bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[(held >> (bits - 5)) & 31];
    held &= 31;
  }
  text += kAlphabet[(held << (5 - bits)) & 31];
  return text + check_digits(id);
}

Result<NodeId> parse_node_id(std::string_view text) {
  if (text.size() == 64)
    if (const auto hex = from_hex(text, 32)) return NodeId::copy_of(*hex);
  if (const auto foreign = parse_minisign(text)) return *foreign;
  std::string small;
  for (const char c : text.substr(0, kTextBytes + 1)) small += lower(c);
  if (small.substr(0, kPrefix.size()) != kPrefix)
    return bad_id("\"" + escape_for_display(text.substr(0, 80)) + "\" does not start with dcdn1");
  if (text.size() != kTextBytes)
    return bad_id(std::to_string(text.size()) + " characters, not " + std::to_string(kTextBytes));
  NodeId id;
  unsigned held = 0;
  unsigned bits = 0;
  std::size_t filled = 0;
  for (std::size_t i = 0; i < kKeyDigits + kCheckDigits; ++i) {
    const std::size_t at = kPrefix.size() + i;
    const std::size_t digit = kAlphabet.find(small[at]);
    if (digit == std::string_view::npos)
      return bad_id("character " + std::to_string(at + 1) + " is \"" +
                    escape_for_display(text.substr(at, 1)) + "\", not one of a-z 2-7");
    if (i >= kKeyDigits) continue;
    held = ((held << 5) | static_cast<unsigned>(digit)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    id.bytes[filled++] = static_cast<std::uint8_t>(held >> bits);
  }
  const bool padded_with_zeros = (held & ((1u << bits) - 1)) == 0;
  if (!padded_with_zeros || small.substr(kPrefix.size() + kKeyDigits) != check_digits(id))
    return bad_id("the checksum does not fit: mistyped");
  return id;
}

std::string short_text(const NodeId& id) {
  return to_text(id).substr(0, kPrefix.size() + kShortDigits);
}

}  // namespace dcdn::sign
