// The detached signatures of dcdn/sign.hpp: sign_files and verify_file.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>

#include "api/file_signature.hpp"
#include "api/key_store.hpp"
#include "api/sign_choice.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/sign.hpp"
#include "digest/hasher.hpp"

namespace dcdn {

namespace {

constexpr const char* kSuffix = ".sig";
constexpr std::size_t kReadBytes = 1u << 20;
constexpr mode_t kSignatureMode = 0644;

Result<api::FileStatement> state_of_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, path);
  if (S_ISDIR(info.st_mode))
    return Error(Errc::io, path + ": is a directory")
        .with_hint("sign a tree with: dcdn-send --stdout DIR | dcdn-sign sign");
  Bytes block(kReadBytes);
  Hasher hasher;
  api::FileStatement statement;
  for (;;) {
    DCDN_TRY(const std::size_t got, read_full(fd.get(), block, path));
    hasher.update(ByteView(block).first(got));
    statement.size += got;
    if (got < block.size()) break;
  }
  statement.digest = hasher.digest();
  return statement;
}

Error signature_exists(const std::string& path) {
  return Error(Errc::exists, path + ": exists already").with_hint("--overwrite replaces it");
}

Result<void> write_signature(const std::string& path, const std::string& text, bool overwrite) {
  if (overwrite) return write_file_atomically(path, as_bytes(text), kSignatureMode);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kSignatureMode));
  if (!fd.valid()) return errno == EEXIST ? signature_exists(path) : errno_error(errno, path + ": create");
  auto written = write_all(fd.get(), as_bytes(text), path);
  if (written && ::fsync(fd.get()) != 0 && errno != EINVAL) written = errno_error(errno, path + ": fsync");
  if (!written) ::unlink(path.c_str());
  return written;
}

FileSignature describe(const std::string& path, const std::string& signature_path,
                       const api::FileStatement& statement) {
  FileSignature signature;
  signature.path = path;
  signature.signature_path = signature_path;
  signature.digest = to_hex(statement.digest.view());
  signature.signer = to_text(statement.signer);
  signature.size = statement.size;
  signature.time_s = statement.time_s;
  return signature;
}

}  // namespace

Result<std::vector<FileSignature>> sign_files(const KeyChoice& choice, const std::vector<std::string>& paths,
                                              bool overwrite) {
  struct stat info {};
  for (const std::string& path : paths)
    if (!overwrite && ::lstat((path + kSuffix).c_str(), &info) == 0) return signature_exists(path + kSuffix);
  DCDN_TRY(const SecretKey key, api::load_chosen_key(choice));
  std::vector<FileSignature> signatures;
  for (const std::string& path : paths) {
    DCDN_TRY(api::FileStatement statement, state_of_file(path));
    statement.signer = key.id();
    statement.time_s = static_cast<std::uint64_t>(std::time(nullptr));
    DCDN_TRY(const std::string text, api::sign_statement(key, statement));
    DCDN_CHECK(write_signature(path + kSuffix, text, overwrite));
    signatures.push_back(describe(path, path + kSuffix, statement));
  }
  return signatures;
}

Result<FileSignature> verify_file(const Home& home, const std::vector<std::string>& keys,
                                  const std::string& path, const std::string& signature_path) {
  DCDN_TRY(const std::set<NodeId> accepted, api::accepted_keys(home, keys));
  const std::string where = signature_path.empty() ? path + kSuffix : signature_path;
  DCDN_TRY(const Bytes text, read_file(where, api::kMaxFileSignature));
  const auto said = api::open_statement(as_text(text));
  if (!said) return said.error().during(where);
  if (!accepted.contains(said->signer)) {
    const std::string id = to_text(said->signer);
    return Error(Errc::untrusted, where + ": signed by " + id + ", who is not accepted")
        .with_hint("if you trust that key: --key " + id + ", or dcdn-sign trust add NAME " + id);
  }
  DCDN_TRY(const api::FileStatement found, state_of_file(path));
  if (found.size != said->size || found.digest != said->digest)
    return Error(Errc::corrupt, path + ": is not the file that was signed");
  FileSignature signature = describe(path, where, *said);
  DCDN_TRY(const Keyring ring, api::load_keyring(home));
  signature.signer_name = ring.name_of(said->signer).value_or("");
  return signature;
}

}  // namespace dcdn
