#include "trust/public_key_file.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::trust {

namespace {

constexpr std::string_view kPemStart = "-----BEGIN PUBLIC KEY-----\n";
constexpr std::string_view kPemEnd = "-----END PUBLIC KEY-----";
/// SubjectPublicKeyInfo of RFC 8410 up to the key.
constexpr std::array<std::uint8_t, 12> kSpkiPrefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/// Both programs name a key by eight bytes of its file, chosen at random. Ours follow from the key.
std::array<std::uint8_t, kNumberBytes> number_of(const NodeId& key) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn key number 1\n"));
  hasher.update(key.view());
  std::array<std::uint8_t, kNumberBytes> number{};
  std::copy_n(hasher.digest().bytes.begin(), number.size(), number.begin());
  return number;
}

/// minisign shows the eight bytes as one little-endian number.
std::string shown_number(const NodeId& key) {
  auto number = number_of(key);
  std::reverse(number.begin(), number.end());
  std::string text = to_hex(number);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

}  // namespace

std::string key_blob(std::string_view algorithm, const NodeId& key, ByteView rest) {
  Bytes bytes(algorithm.begin(), algorithm.end());
  const auto number = number_of(key);
  bytes.insert(bytes.end(), number.begin(), number.end());
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return to_base64(bytes);
}

std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string public_key_text(const NodeId& key, SignatureFormat format) {
  if (format == SignatureFormat::openssl) {
    Bytes der(kSpkiPrefix.begin(), kSpkiPrefix.end());
    der.insert(der.end(), key.bytes.begin(), key.bytes.end());
    return std::string(kPemStart) + to_base64(der) + "\n" + std::string(kPemEnd) + "\n";
  }
  const std::string says = format == SignatureFormat::minisign ? "minisign public key " + shown_number(key)
                                                               : sign::to_text(key) + " public key";
  return std::string(kUntrusted) + says + "\n" + key_blob(kPure, key, key.view()) + "\n";
}

Result<NodeId> parse_public_key(std::string_view text) {
  const Error none(Errc::corrupt, "not a public key of openssl, minisign or signify, nor a node id");
  text = without_byte_order_mark(text);
  if (text.starts_with("dcdn1")) return sign::parse_node_id(take_line(text));
  const std::string_view first = take_line(text);
  if (first.starts_with("RW"))
    if (const auto bare = sign::parse_node_id(first); bare) return bare;
  const auto bytes = from_base64(take_line(text));
  if (!bytes) return none;
  const ByteView all(*bytes);
  if (first == kPemStart.substr(0, kPemStart.size() - 1)) {
    if (all.size() != kSpkiPrefix.size() + 32 ||
        !std::equal(kSpkiPrefix.begin(), kSpkiPrefix.end(), all.begin()))
      return Error(Errc::unsupported, "the public key is not an ed25519 key");
    return NodeId::copy_of(all.subspan(kSpkiPrefix.size()));
  }
  if (!first.starts_with(kUntrusted) || all.size() != 2 + kNumberBytes + 32) return none;
  if (as_text(all.first(2)) != kPure) return Error(Errc::unsupported, "the public key is not an ed25519 key");
  return NodeId::copy_of(all.subspan(2 + kNumberBytes));
}

Result<NodeId> read_public_key(const std::string& path) {
  DCDN_TRY(const Bytes text, read_file(path, kMaxForeignText));
  auto key = parse_public_key(as_text(text));
  if (!key) return key.error().during(path);
  return key;
}

}  // namespace dcdn::trust
