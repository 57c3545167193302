#include "api/sign/foreign_signature.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "trust/public_key_file.hpp"

namespace dcdn::api {

namespace {

constexpr std::string_view kTrusted = "trusted comment: ";
constexpr std::string_view kHashed = "ED";
constexpr std::size_t kMaxComment = 1024;
Error no_signature(const std::string& why) {
  return {Errc::corrupt, "not a signature of minisign, signify or openssl: " + why};
}

Bytes global_message(const sign::Signature& signature, std::string_view comment) {
  Bytes message(signature.begin(), signature.end());
  message.insert(message.end(), comment.begin(), comment.end());
  return message;
}

Result<sign::Signature> signature_of(ByteView bytes) {
  sign::Signature signature{};
  if (bytes.size() != signature.size()) return no_signature("not 64 bytes");
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  return signature;
}

}  // namespace

Result<std::string> write_foreign_signature(const sign::SecretKey& key, SignatureFormat format,
                                            ByteView message, const std::string& trusted_comment) {
  DCDN_TRY(const sign::Signature signature, key.sign(message));
  if (format == SignatureFormat::openssl) return std::string(as_text(signature));
  const std::string who = sign::to_text(key.id());
  if (format == SignatureFormat::signify)
    return std::string(trust::kUntrusted) + "signature by " + who + "\n" +
           trust::key_blob(trust::kPure, key.id(), signature) + "\n";
  DCDN_TRY(const sign::Signature global, key.sign(global_message(signature, trusted_comment)));
  return std::string(trust::kUntrusted) + "signature by " + who + "\n" +
         trust::key_blob(kHashed, key.id(), signature) + "\n" + std::string(kTrusted) + trusted_comment +
         "\n" + to_base64(global) + "\n";
}

Result<ForeignSignature> parse_foreign_signature(ByteView file) {
  ForeignSignature parsed;
  if (file.size() == parsed.signature.size()) {
    DCDN_TRY(parsed.signature, signature_of(file));
    return parsed;
  }
  std::string_view text = without_byte_order_mark(as_text(file));
  if (!trust::take_line(text).starts_with(trust::kUntrusted))
    return no_signature("neither 64 bytes nor a comment in its first line");
  const auto bytes = from_base64(trust::take_line(text));
  if (!bytes || bytes->size() != 2 + trust::kNumberBytes + parsed.signature.size())
    return no_signature("the second line is not 74 bytes in base64");
  const std::string_view algorithm = as_text(*bytes).substr(0, 2);
  if (algorithm != trust::kPure && algorithm != kHashed)
    return Error(Errc::unsupported, "signature of another algorithm");
  DCDN_TRY(parsed.signature, signature_of(ByteView(*bytes).subspan(2 + trust::kNumberBytes)));
  parsed.form = algorithm == kHashed ? SignedForm::blake2b : SignedForm::file;
  if (text.empty() && parsed.form == SignedForm::file) {
    parsed.format = SignatureFormat::signify;
    return parsed;
  }
  parsed.format = SignatureFormat::minisign;
  const std::string_view comment = trust::take_line(text);
  const auto global = from_base64(trust::take_line(text));
  if (!comment.starts_with(kTrusted) || comment.size() > kMaxComment || !global || !text.empty())
    return no_signature("lines 3 and 4 are not a trusted comment and its signature");
  parsed.trusted_comment = comment.substr(kTrusted.size());
  DCDN_TRY(parsed.global, signature_of(*global));
  return parsed;
}

bool verify_foreign_signature(const NodeId& key, const ForeignSignature& signature, ByteView message) {
  if (!sign::verify_ed25519(key, message, signature.signature)) return false;
  return !signature.global ||
         sign::verify_ed25519(key, global_message(signature.signature, signature.trusted_comment),
                              *signature.global);
}

}  // namespace dcdn::api
