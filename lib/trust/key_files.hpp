// key_files.hpp - secret keys as files of a Home (dcdn-sign(1), FILES).
//
// Secret keys are keys/NAME.pem. The default key is keys/default.pem: a key of its own, or a symbolic link to
// the first key that was made under another name. Threads  any
#pragma once
#include <optional>
#include <string>

#include "dcdn/home.hpp"
#include "sign/ed25519.hpp"
#include "trust/folder_lock.hpp"

namespace dcdn::trust {

inline constexpr const char* kDefaultKey = "default";

/// keys/NAME.pem, opened with the same care as load_key_file. An empty passphrase is none.
/// error usage: not a key name; not_found: hint how to make one; permission: others may read it; untrusted:
/// the passphrase is missing or wrong.
Result<sign::SecretKey> load_key(const Home& home, const std::string& name, const std::string& passphrase);
/// error permission: group or others may read the file, or it is another user's.
Result<sign::SecretKey> load_key_file(const std::string& path, const std::string& passphrase);
/// Where that key is; `name` is checked so that it cannot leave the folder.
Result<std::string> key_file_path(const Home& home, const std::string& name);
/// The same, and there is such a file in a folder nobody else can write. error not_found: hint how to make
/// one.
Result<std::string> find_key_file(const Home& home, const std::string& name);
/// Whether keys/default.pem is this key's file.
Result<bool> is_default_key(const Home& home, const std::string& name);
/// Whether the key in this file cannot be used without a passphrase.
Result<bool> is_key_encrypted(const std::string& path);

/// Whoever makes or replaces keys holds it. error permission: others can write the folder.
Result<FolderLock> lock_keys(const Home& home);
/// error exists: there is a key of this name; usage.
Result<void> check_no_key(const Home& home, const std::string& name);

struct StoredKey {
  std::string path;
  bool is_default = false;  ///< keys/default.pem is this key now
};
/// Writes a new key file (0600) and, if there is no default key yet, makes it that. Under lock_keys().
/// error exists: there is a key of this name; it is left alone.
Result<StoredKey> store_new_key(const Home& home, const std::string& name, const sign::SecretKey& key,
                                const std::string& passphrase);

/// A key that is to take the place of another: written, and not yet used.
struct PendingKey {
  std::string path;  ///< of the key in use
  std::string next;
};
Result<PendingKey> store_next_key(const Home& home, const std::string& name, const sign::SecretKey& key,
                                  const std::string& passphrase);
/// One that a rotation left which did not come to its end.
Result<std::optional<PendingKey>> find_next_key(const Home& home, const std::string& name);
/// Puts it in place, and the key that was there into NAME.epoch-N.pem, whose path it returns.
Result<std::string> put_next_key(const PendingKey& pending, std::uint64_t old_epoch);
/// Where the revocation of a key is put when the key is made (0600); replaces one that is there.
Result<std::string> store_revocation(const Home& home, const std::string& name, ByteView frames);

}  // namespace dcdn::trust
