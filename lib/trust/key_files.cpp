#include "trust/key_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/new_file.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "trust/careful_file.hpp"

namespace dcdn::trust {

namespace {

constexpr std::size_t kMaxKeyFile = 64u << 10;
constexpr std::string_view kPem = ".pem";

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-';
         });
}

/// A secret key file, read after looking at the very file that was opened.
Result<Bytes> read_secret_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, path);
  if (S_ISDIR(info.st_mode)) return Error(Errc::io, path + ": is a directory, not a key file");
  DCDN_CHECK(check_owner(info, path));
  if ((info.st_mode & 077) != 0)
    return Error(Errc::permission, path + ": the secret key can be read by others than its owner")
        .with_hint("chmod 600 " + path);
  Bytes bytes(kMaxKeyFile + 1);
  auto got = read_full(fd.get(), bytes, path);
  if (!got || *got > kMaxKeyFile) sign::wipe(bytes);
  if (!got) return got.error();
  if (*got > kMaxKeyFile) return Error(Errc::corrupt, path + ": too long for a key file");
  bytes.resize(*got);
  return bytes;
}

Error no_such_key(const std::string& path, const std::string& name) {
  const std::string wanted = name == kDefaultKey ? "" : " --key " + name;
  return Error(Errc::not_found, path + ": there is no such key")
      .with_hint("make one with: dcdn-sign keygen" + wanted);
}

/// A default key whose file is not there: keygen was killed between the two.
void remove_empty_link(const std::string& link) {
  struct stat info {};
  if (::lstat(link.c_str(), &info) == 0 && S_ISLNK(info.st_mode) && ::stat(link.c_str(), &info) != 0 &&
      errno == ENOENT)
    ::unlink(link.c_str());
}

}  // namespace

Result<std::string> key_file_path(const Home& home, const std::string& name) {
  if (!is_key_name(name))
    return Error(Errc::usage, "key name \"" + escape_for_display(name.substr(0, 80)) +
                                  "\": 1 to 64 of A-Z a-z 0-9 . _ - and neither . nor - first");
  return home.key_path(name);
}

Result<sign::SecretKey> load_key_file(const std::string& path, const std::string& passphrase) {
  DCDN_TRY(Bytes pem, read_secret_file(path));
  auto key = sign::SecretKey::from_pem(
      pem, passphrase.empty() ? std::nullopt : std::optional<std::string>(passphrase));
  sign::wipe(pem);
  if (!key) return key.error().during(path);
  return key;
}

Result<std::string> find_key_file(const Home& home, const std::string& name) {
  DCDN_TRY(const std::string path, key_file_path(home, name));
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
    return no_such_key(path, name);
  DCDN_CHECK(check_folder(folder_of(path)));
  return path;
}

Result<sign::SecretKey> load_key(const Home& home, const std::string& name, const std::string& passphrase) {
  DCDN_TRY(const std::string path, find_key_file(home, name));
  return load_key_file(path, passphrase);
}

Result<bool> is_key_encrypted(const std::string& path) {
  DCDN_TRY(Bytes pem, read_secret_file(path));
  const bool encrypted = as_text(pem).find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos;
  sign::wipe(pem);
  return encrypted;
}

Result<bool> is_default_key(const Home& home, const std::string& name) {
  DCDN_TRY(const std::string path, key_file_path(home, name));
  struct stat of_name {};
  struct stat of_default {};
  if (::stat(path.c_str(), &of_name) != 0) return errno_error(errno, path);
  if (::stat(home.key_path(kDefaultKey).c_str(), &of_default) != 0) return false;
  return of_name.st_ino == of_default.st_ino && of_name.st_dev == of_default.st_dev;
}

Result<FolderLock> lock_keys(const Home& home) {
  const std::string folder = folder_of(home.key_path(kDefaultKey));
  DCDN_TRY(FolderLock lock, FolderLock::take(folder));
  DCDN_CHECK(check_folder(folder));
  return lock;
}

Result<void> check_no_key(const Home& home, const std::string& name) {
  DCDN_TRY(const std::string path, key_file_path(home, name));
  remove_empty_link(home.key_path(kDefaultKey));
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 && errno == ENOENT) return {};
  return Error(Errc::exists, path + ": there is a key of this name already; keys are never overwritten")
      .with_hint("give another name with --key");
}

Result<StoredKey> store_new_key(const Home& home, const std::string& name, const sign::SecretKey& key,
                                const std::string& passphrase) {
  DCDN_TRY(const std::string path, key_file_path(home, name));
  DCDN_CHECK(make_directories(folder_of(path), kFolderMode));
  DCDN_CHECK(check_folder(folder_of(path)));
  DCDN_CHECK(check_no_key(home, name));
  StoredKey stored{path, name == kDefaultKey};
  const std::string link = home.key_path(kDefaultKey);
  // Before the key: a kill leaves a default key that is not there, which the next run mends, and no key that
  // is not the default and should be.
  const bool linked = !stored.is_default && ::symlink((name + ".pem").c_str(), link.c_str()) == 0;
  if (!stored.is_default && !linked && errno != EEXIST)
    return errno_error(errno, link + ": make " + name + " the default key");
  DCDN_TRY(Bytes pem, key.to_pem(passphrase.empty() ? std::nullopt : std::optional<std::string>(passphrase)));
  const auto written = write_new_file(path, pem, {.secret = true});
  sign::wipe(pem);
  if (!written && linked) remove_empty_link(link);
  if (!written) return written.error();
  stored.is_default = stored.is_default || linked;
  return stored;
}

namespace {

/// What keys/NAME.pem is, followed if it is a link: keys/default.pem may stand for a key of another name.
Result<std::string> real_key_path(const Home& home, const std::string& name) {
  DCDN_TRY(const std::string path, find_key_file(home, name));
  std::string target(4096, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return errno == EINVAL ? Result<std::string>(path) : errno_error(errno, path);
  target.resize(static_cast<std::size_t>(length));
  if (target.find('/') != std::string::npos)
    return Error(Errc::permission, path + ": leads out of its folder");
  return folder_of(path) + "/" + target;
}

}  // namespace

Result<PendingKey> store_next_key(const Home& home, const std::string& name, const sign::SecretKey& key,
                                  const std::string& passphrase) {
  DCDN_TRY(const std::string path, real_key_path(home, name));
  const std::string next = path.substr(0, path.size() - kPem.size()) + ".next";
  DCDN_TRY(Bytes pem, key.to_pem(passphrase.empty() ? std::nullopt : std::optional<std::string>(passphrase)));
  // One that is there is of a rotation that never got as far as its statement.
  const auto written = write_new_file(next, pem, {.replace = true, .secret = true});
  sign::wipe(pem);
  if (!written) return written.error();
  return PendingKey{path, next};
}

Result<std::optional<PendingKey>> find_next_key(const Home& home, const std::string& name) {
  DCDN_TRY(const std::string path, real_key_path(home, name));
  const std::string next = path.substr(0, path.size() - kPem.size()) + ".next";
  struct stat info {};
  if (::stat(next.c_str(), &info) == 0) return std::optional<PendingKey>(PendingKey{path, next});
  if (errno == ENOENT) return std::optional<PendingKey>();
  return errno_error(errno, next);
}

Result<std::string> put_next_key(const PendingKey& pending, std::uint64_t old_epoch) {
  const std::string kept = pending.path.substr(0, pending.path.size() - kPem.size()) + ".epoch-" +
                           std::to_string(old_epoch) + std::string(kPem);
  // A second name first: at no time is there no key.
  if (::link(pending.path.c_str(), kept.c_str()) != 0 && errno != EEXIST) return errno_error(errno, kept);
  if (::rename(pending.next.c_str(), pending.path.c_str()) != 0) return errno_error(errno, pending.path);
  DCDN_CHECK(sync_folder(folder_of(pending.path)));
  return kept;
}

Result<std::string> store_revocation(const Home& home, const std::string& name, ByteView frames) {
  const std::string path = home.revocation_path(name);
  DCDN_CHECK(make_directories(folder_of(path), kFolderMode));
  DCDN_CHECK(check_folder(folder_of(path)));
  DCDN_CHECK(write_new_file(path, frames, {.replace = true, .secret = true}));
  return path;
}

}  // namespace dcdn::trust
