// The detached signatures of dcdn/sign.hpp: sign_files and verify_file.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "api/sign/file_signature.hpp"
#include "api/sign/foreign_signature.hpp"
#include "base/clock.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "dcdn/sign.hpp"
#include "digest/blake2b.hpp"
#include "digest/hasher.hpp"
#include "trust/audit_log.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/keyring_file.hpp"
#include "trust/public_key_file.hpp"

namespace dcdn {

namespace {

constexpr const char* kSuffix = ".sig";
constexpr const char* kMinisignSuffix = ".minisig";
constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::uint64_t kMaxWhole = 1u << 30;
constexpr mode_t kSignatureMode = 0644;
constexpr const char* kOverwrite = "--overwrite replaces it";

Result<UniqueFd> open_file(const std::string& path, std::uint64_t& size) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, path);
  if (S_ISDIR(info.st_mode))
    return Error(Errc::io, path + ": is a directory")
        .with_hint("sign a tree with: dcdn-send --stdout DIR | dcdn-sign sign");
  size = static_cast<std::uint64_t>(info.st_size);
  return fd;
}

/// Each piece of the file to `take`; returns how many bytes they were.
template <class Take>
Result<std::uint64_t> read_pieces(const std::string& path, Take&& take) {
  std::uint64_t size = 0;
  DCDN_TRY(const UniqueFd fd, open_file(path, size));
  Bytes block(kReadBytes);
  for (size = 0;;) {
    DCDN_TRY(const std::size_t got, read_full(fd.get(), block, path));
    take(ByteView(block).first(got));
    size += got;
    if (got < block.size()) return size;
  }
}

/// The whole file, as plain Ed25519 wants it: read, not mapped, because a file that shrinks while it is
/// mapped ends the process.
Result<Bytes> whole_file(const std::string& path) {
  std::uint64_t size = 0;
  DCDN_TRY(const UniqueFd fd, open_file(path, size));
  if (size > kMaxWhole)
    return Error(Errc::limit, path + ": too long to be signed as a whole")
        .with_hint("the formats dcdn and minisign take files of any length");
  Bytes bytes(size + 1);
  DCDN_TRY(const std::size_t got, read_full(fd.get(), bytes, path));
  if (got != size) return Error(Errc::changed, path + ": changed while it was read");
  bytes.resize(got);
  return bytes;
}

/// What the signature is over.
Result<Bytes> message_of(const std::string& path, api::SignedForm form, std::uint64_t& size) {
  if (form == api::SignedForm::file) {
    DCDN_TRY(Bytes whole, whole_file(path));
    size = whole.size();
    return whole;
  }
  digest::Blake2b hasher;
  DCDN_TRY(size, read_pieces(path, [&](ByteView piece) { hasher.update(piece); }));
  const auto digest = hasher.finish();
  return Bytes(digest.begin(), digest.end());
}

Result<api::FileStatement> state_of_file(const std::string& path) {
  digest::Hasher hasher;
  api::FileStatement statement;
  DCDN_TRY(statement.size, read_pieces(path, [&](ByteView piece) { hasher.update(piece); }));
  statement.digest = hasher.digest();
  return statement;
}

Error signature_exists(const std::string& path) {
  return Error(Errc::exists, path + ": exists already").with_hint(kOverwrite);
}

Result<void> write_signature(const std::string& path, const std::string& text, bool overwrite) {
  NewFileRules rules;
  rules.replace = overwrite;
  rules.mode = kSignatureMode;
  rules.exists_hint = kOverwrite;
  return write_new_file(path, as_bytes(text), rules);
}

FileSignature describe(const std::string& path, const std::string& signature_path,
                       const api::FileStatement& statement) {
  FileSignature signature;
  signature.path = path;
  signature.signature_path = signature_path;
  signature.digest = to_hex(statement.digest.view());
  signature.signer = sign::to_text(statement.signer);
  signature.size = statement.size;
  signature.time_s = statement.time_s;
  return signature;
}

std::string suffix_of(SignatureFormat format) {
  return format == SignatureFormat::minisign ? kMinisignSuffix : kSuffix;
}

Result<FileSignature> sign_file(const sign::SecretKey& key, const std::string& path, bool overwrite) {
  DCDN_TRY(api::FileStatement statement, state_of_file(path));
  statement.signer = key.id();
  statement.time_s = now_s();
  DCDN_TRY(const std::string text, api::sign_statement(key, statement));
  DCDN_CHECK(write_signature(path + kSuffix, text, overwrite));
  return describe(path, path + kSuffix, statement);
}

Result<FileSignature> sign_file_as(const sign::SecretKey& key, const std::string& path, bool overwrite,
                                   SignatureFormat format) {
  if (format == SignatureFormat::dcdn) return sign_file(key, path, overwrite);
  const bool hashed = format == SignatureFormat::minisign;
  FileSignature signature;
  signature.path = path;
  signature.signature_path = path + suffix_of(format);
  signature.format = format;
  signature.signer = sign::to_text(key.id());
  if (hashed) signature.comment = "hashed; signed by " + signature.signer;
  DCDN_TRY(const Bytes message,
           message_of(path, hashed ? api::SignedForm::blake2b : api::SignedForm::file, signature.size));
  DCDN_TRY(const std::string text, api::write_foreign_signature(key, format, message, signature.comment));
  DCDN_CHECK(write_signature(signature.signature_path, text, overwrite));
  return signature;
}

Result<FileSignature> check_own(const std::set<NodeId>& accepted, const std::string& path,
                                const std::string& where, ByteView text) {
  const auto said = api::open_statement(as_text(text));
  if (!said) return said.error().during(where);
  if (!accepted.contains(said->signer)) {
    const std::string id = sign::to_text(said->signer);
    return Error(Errc::untrusted, where + ": signed by " + id + ", who is not accepted")
        .with_hint("if you trust that key: --signer " + id + ", or dcdn-sign trust add NAME " + id);
  }
  DCDN_TRY(const api::FileStatement found, state_of_file(path));
  if (found.size != said->size || found.digest != said->digest)
    return Error(Errc::corrupt, path + ": is not the file that was signed");
  return describe(path, where, *said);
}

/// These formats do not say whose key it is, so every accepted one is tried.
Result<FileSignature> check_foreign(const std::set<NodeId>& accepted, const std::string& path,
                                    const std::string& where, ByteView text) {
  const auto parsed = api::parse_foreign_signature(text);
  if (!parsed) return parsed.error().during(where);
  FileSignature signature;
  DCDN_TRY(const Bytes message, message_of(path, parsed->form, signature.size));
  for (const NodeId& key : accepted) {
    if (!api::verify_foreign_signature(key, *parsed, message)) continue;
    signature.path = path;
    signature.signature_path = where;
    signature.format = parsed->format;
    signature.signer = sign::to_text(key);
    signature.comment = parsed->trusted_comment;
    return signature;
  }
  return Error(Errc::bad_signature, where + ": no accepted key has signed this file")
      .with_hint("dcdn-sign id --public KEY.pub prints the node id of the signer's key, for --signer");
}

Result<FileSignature> check_file(const Home& home, const std::vector<std::string>& keys,
                                 const std::string& path, const std::string& signature_path) {
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(home));
  DCDN_TRY(const std::set<NodeId> accepted, trust::accepted_keys(ring, keys, ""));
  std::string where = signature_path.empty() ? path + kSuffix : signature_path;
  struct stat info {};
  if (signature_path.empty() && ::stat(where.c_str(), &info) != 0 &&
      ::stat((path + kMinisignSuffix).c_str(), &info) == 0)
    where = path + kMinisignSuffix;
  DCDN_TRY(const Bytes text, read_file(where, trust::kMaxForeignText));
  const bool own = as_text(text).starts_with("dcdn ");
  DCDN_TRY(FileSignature signature,
           own ? check_own(accepted, path, where, text) : check_foreign(accepted, path, where, text));
  DCDN_TRY(const NodeId signer, sign::parse_node_id(signature.signer));
  signature.signer_name = ring.name_of(signer).value_or("");
  return signature;
}

}  // namespace

Result<std::vector<FileSignature>> sign_files(const KeyChoice& choice, const std::vector<std::string>& paths,
                                              bool overwrite, SignatureFormat format) {
  struct stat info {};
  for (const std::string& path : paths) {
    const std::string where = path + suffix_of(format);
    if (!overwrite && ::lstat(where.c_str(), &info) == 0) return signature_exists(where);
  }
  DCDN_TRY(const sign::SecretKey key, trust::load_chosen_key(choice));
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(choice.home));
  DCDN_CHECK(trust::current_own_key(ring, key.id()));
  std::vector<FileSignature> signatures;
  for (const std::string& path : paths) {
    DCDN_TRY(FileSignature signature, sign_file_as(key, path, overwrite, format));
    signatures.push_back(std::move(signature));
  }
  return signatures;
}

Result<FileSignature> verify_file(const Home& home, const std::vector<std::string>& keys,
                                  const std::string& path, const std::string& signature_path,
                                  const std::function<void(const std::string&)>& on_note) {
  auto checked = check_file(home, keys, path, signature_path);
  const std::string what = "file " + escape_for_display(path);
  if (checked) {
    trust::audit(home, {trust::kAuditAccept, {{"what", what}, {"key", checked->signer}}}, on_note);
  } else {
    trust::audit(home, {trust::kAuditReject, {{"what", what}, {"why", checked.error().message}}}, on_note);
    return trust::explain_own_key(home, checked.error());
  }
  return checked;
}

Result<std::string> public_key_text(const std::string& id, SignatureFormat format) {
  DCDN_TRY(const NodeId key, sign::parse_node_id(id));
  return format == SignatureFormat::dcdn ? sign::to_text(key) + "\n" : trust::public_key_text(key, format);
}

Result<std::string> id_of_public_key(const std::string& path) {
  DCDN_TRY(const NodeId key, trust::read_public_key(path));
  return sign::to_text(key);
}

}  // namespace dcdn
