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
/// Reads, lets `change` work, and writes the file anew (0600) unless `change` fails.
template <class Change>
Result<void> change_keyring(const Home& home, Change&& change);

Result<void> save_keyring(const Home& home, const sign::Keyring& ring);

template <class Change>
Result<void> change_keyring(const Home& home, Change&& change) {
  DCDN_TRY(const FolderLock lock, FolderLock::take(home.config_dir));
  DCDN_TRY(sign::Keyring ring, load_keyring(home));
  DCDN_CHECK(change(ring));
  return save_keyring(home, ring);
}

}  // namespace dcdn::trust
