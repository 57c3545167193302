#include "api/foreign_signature.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "sign/base64.hpp"

namespace dcdn::api {

namespace {

constexpr std::string_view kUntrusted = "untrusted comment: ";
constexpr std::string_view kTrusted = "trusted comment: ";
constexpr std::string_view kPemStart = "-----BEGIN PUBLIC KEY-----\n";
constexpr std::string_view kPemEnd = "-----END PUBLIC KEY-----";
constexpr std::string_view kPure = "Ed";
constexpr std::string_view kHashed = "ED";
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kMaxComment = 1024;
/// SubjectPublicKeyInfo of RFC 8410 up to the key.
constexpr std::array<std::uint8_t, 12> kSpkiPrefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/// Both programs name a key by eight bytes of its file, chosen at random. Ours follow from the key.
std::array<std::uint8_t, kNumberBytes> number_of(const NodeId& key) {
  Hasher hasher;
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

std::string blob(std::string_view algorithm, const NodeId& key, ByteView rest) {
  Bytes bytes(algorithm.begin(), algorithm.end());
  const auto number = number_of(key);
  bytes.insert(bytes.end(), number.begin(), number.end());
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return sign::to_base64(bytes);
}

std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Error no_signature(const std::string& why) {
  return {Errc::corrupt, "not a signature of minisign, signify or openssl: " + why};
}

Bytes global_message(const Signature& signature, std::string_view comment) {
  Bytes message(signature.begin(), signature.end());
  message.insert(message.end(), comment.begin(), comment.end());
  return message;
}

Result<Signature> signature_of(ByteView bytes) {
  Signature signature{};
  if (bytes.size() != signature.size()) return no_signature("not 64 bytes");
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  return signature;
}

}  // namespace

Result<std::string> write_foreign_signature(const SecretKey& key, SignatureFormat format, ByteView message,
                                            const std::string& trusted_comment) {
  DCDN_TRY(const Signature signature, key.sign(message));
  if (format == SignatureFormat::openssl) return std::string(as_text(signature));
  const std::string who = to_text(key.id());
  if (format == SignatureFormat::signify)
    return std::string(kUntrusted) + "signature by " + who + "\n" + blob(kPure, key.id(), signature) + "\n";
  DCDN_TRY(const Signature global, key.sign(global_message(signature, trusted_comment)));
  return std::string(kUntrusted) + "signature by " + who + "\n" + blob(kHashed, key.id(), signature) + "\n" +
         std::string(kTrusted) + trusted_comment + "\n" + sign::to_base64(global) + "\n";
}

Result<ForeignSignature> parse_foreign_signature(ByteView file) {
  ForeignSignature parsed;
  if (file.size() == parsed.signature.size()) {
    DCDN_TRY(parsed.signature, signature_of(file));
    return parsed;
  }
  std::string_view text = as_text(file);
  if (!take_line(text).starts_with(kUntrusted))
    return no_signature("neither 64 bytes nor a comment in its first line");
  const auto bytes = sign::from_base64(take_line(text));
  if (!bytes || bytes->size() != 2 + kNumberBytes + parsed.signature.size())
    return no_signature("the second line is not 74 bytes in base64");
  const std::string_view algorithm = as_text(*bytes).substr(0, 2);
  if (algorithm != kPure && algorithm != kHashed)
    return Error(Errc::unsupported, "signature of another algorithm");
  DCDN_TRY(parsed.signature, signature_of(ByteView(*bytes).subspan(2 + kNumberBytes)));
  parsed.form = algorithm == kHashed ? SignedForm::blake2b : SignedForm::file;
  if (text.empty() && parsed.form == SignedForm::file) {
    parsed.format = SignatureFormat::signify;
    return parsed;
  }
  parsed.format = SignatureFormat::minisign;
  const std::string_view comment = take_line(text);
  const auto global = sign::from_base64(take_line(text));
  if (!comment.starts_with(kTrusted) || comment.size() > kMaxComment || !global || !text.empty())
    return no_signature("lines 3 and 4 are not a trusted comment and its signature");
  parsed.trusted_comment = comment.substr(kTrusted.size());
  DCDN_TRY(parsed.global, signature_of(*global));
  return parsed;
}

bool verify_foreign_signature(const NodeId& key, const ForeignSignature& signature, ByteView message) {
  if (!verify_ed25519(key, message, signature.signature)) return false;
  return !signature.global ||
         verify_ed25519(key, global_message(signature.signature, signature.trusted_comment),
                        *signature.global);
}

std::string public_key_text(const NodeId& key, SignatureFormat format) {
  if (format == SignatureFormat::openssl) {
    Bytes der(kSpkiPrefix.begin(), kSpkiPrefix.end());
    der.insert(der.end(), key.bytes.begin(), key.bytes.end());
    return std::string(kPemStart) + sign::to_base64(der) + "\n" + std::string(kPemEnd) + "\n";
  }
  const std::string says = format == SignatureFormat::minisign ? "minisign public key " + shown_number(key)
                                                               : to_text(key) + " public key";
  return std::string(kUntrusted) + says + "\n" + blob(kPure, key, key.view()) + "\n";
}

Result<NodeId> parse_public_key(std::string_view text) {
  const Error none(Errc::corrupt, "not a public key of openssl, minisign or signify, nor a node id");
  if (text.starts_with("dcdn1")) return parse_node_id(take_line(text));
  const std::string_view first = take_line(text);
  const auto bytes = sign::from_base64(take_line(text));
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

}  // namespace dcdn::api
