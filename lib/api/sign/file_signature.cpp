#include "api/sign/file_signature.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace dcdn::api {

namespace {

constexpr std::string_view kKind = "dcdn file signature ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kSignatureLabel = "signature: ";

/// The rest of the next line if it starts with `label`. One text has one reading: no blanks, no other order.
Result<std::string_view> take_line(std::string_view& text, std::string_view label) {
  const std::size_t end = text.find('\n');
  if (!text.starts_with(label) || end == std::string_view::npos)
    return Error(Errc::corrupt,
                 "no line \"" + std::string(label.substr(0, label.size() - 1)) + "\" where it must be");
  const std::string_view value = text.substr(label.size(), end - label.size());
  text.remove_prefix(end + 1);
  return value;
}

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || std::to_string(value) != text)
    return Error(Errc::corrupt, "\"" + escape_for_display(text.substr(0, 40)) + "\" is not a number");
  return value;
}

Result<FileStatement> take_statement(std::string_view& text) {
  FileStatement statement;
  DCDN_TRY(const std::string_view version, take_line(text, kKind));
  if (version != kVersion)
    return Error(Errc::unsupported, "version \"" + escape_for_display(version.substr(0, 40)) +
                                        "\" of file signatures, this program reads " + std::string(kVersion));
  DCDN_TRY(const std::string_view size, take_line(text, "size: "));
  DCDN_TRY(statement.size, parse_number(size));
  DCDN_TRY(const std::string_view digest, take_line(text, "blake3: "));
  const auto bytes = from_hex(digest, statement.digest.bytes.size());
  if (!bytes) return Error(Errc::corrupt, "the digest is not 64 hexadecimal digits");
  statement.digest = Digest::copy_of(*bytes);
  DCDN_TRY(const std::string_view signer, take_line(text, "signer: "));
  auto id = sign::parse_node_id(signer);
  if (!id) return Error(Errc::corrupt, "signer: " + id.error().message);
  statement.signer = *id;
  DCDN_TRY(const std::string_view time, take_line(text, "time: "));
  DCDN_TRY(statement.time_s, parse_number(time));
  return statement;
}

}  // namespace

std::string statement_text(const FileStatement& statement) {
  return std::string(kKind) + std::string(kVersion) + "\nsize: " + std::to_string(statement.size) +
         "\nblake3: " + to_hex(statement.digest.view()) + "\nsigner: " + sign::to_text(statement.signer) +
         "\ntime: " + std::to_string(statement.time_s) + "\n";
}

Result<std::string> sign_statement(const sign::SecretKey& key, FileStatement statement) {
  statement.signer = key.id();
  const std::string text = statement_text(statement);
  DCDN_TRY(const sign::Signature signature, key.sign(as_bytes(text)));
  return text + std::string(kSignatureLabel) + to_hex(signature) + "\n";
}

Result<FileStatement> open_statement(std::string_view text) {
  std::string_view rest = text;
  DCDN_TRY(const FileStatement statement, take_statement(rest));
  const std::string_view said = text.substr(0, text.size() - rest.size());
  // Other spellings of the same (capitals) would give one signature many files.
  if (statement_text(statement) != said) return Error(Errc::corrupt, "not written the one way there is");
  DCDN_TRY(const std::string_view digits, take_line(rest, kSignatureLabel));
  sign::Signature signature{};
  const auto bytes = from_hex(digits, signature.size());
  if (!bytes || !rest.empty())
    return Error(Errc::corrupt, "the signature is not 128 hexadecimal digits and the end");
  std::copy(bytes->begin(), bytes->end(), signature.begin());
  if (!sign::verify_ed25519(statement.signer, as_bytes(said), signature))
    return Error(Errc::bad_signature, "the signature does not match: it was altered");
  return statement;
}

}  // namespace dcdn::api
