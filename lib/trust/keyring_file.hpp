// keyring_file.hpp - trusted_keys and key_statements of a Home (dcdn-sign(1), FILES).
//
// Threads  any; processes that change them at the same time take turns.
#pragma once
#include "dcdn/home.hpp"
#include "sign/keyring.hpp"
#include "trust/folder_lock.hpp"

namespace dcdn::trust {

/// With the statements that are known. An absent file is an empty ring. error config: names file and line;
/// permission: others may write it.
Result<sign::Keyring> load_keyring(const Home& home);
/// Writes both files anew (0600). The caller holds the lock of the folder, and had it when it loaded the
/// ring: otherwise it may undo what another has changed. error permission, io.
Result<void> save_keyring(const Home& home, const sign::Keyring& ring);
/// Under the lock of the folder: reads, lets `change` work, and writes unless `change` fails. error as those
/// three.
template <class Change>
Result<void> change_keyring(const Home& home, Change&& change) {
  DCDN_TRY(const FolderLock lock, FolderLock::take(home.config_dir));
  DCDN_TRY(sign::Keyring ring, load_keyring(home));
  DCDN_CHECK(change(ring));
  return save_keyring(home, ring);
}

}  // namespace dcdn::trust
