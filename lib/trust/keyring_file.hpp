// keyring_file.hpp - trusted_keys and key_statements of a Home (dcdn-sign(1), FILES).
//
// trusted_keys is replaced whole. key_statements only gets lines at its end: what a killed process left half
// written there is passed over by readers and taken off by the next writer. How much of it was verified when
// it was written is in key_statements.verified, so that nobody verifies a long list again at each start; a
// list that was changed by another hand is no longer what that file speaks of, and is verified.
//
// Threads  any; processes that change them at the same time take turns.
#pragma once
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "sign/keyring.hpp"
#include "trust/folder_lock.hpp"

namespace dcdn::trust {

/// With the statements that are known. An absent file is an empty ring. error config: names file and line;
/// permission: others may write it, or it is another user's.
Result<sign::Keyring> load_keyring(const Home& home);

/// A ring on its way from its files and back to them, while the lock of their folder is held.
class KeyringChange {
 public:
  /// Takes the lock. error as load_keyring and FolderLock::take.
  static Result<KeyringChange> begin(const Home& home);
  [[nodiscard]] sign::Keyring& ring() { return ring_; }
  /// Writes what is new: statements at the end of their file, trusted_keys (0600) if it says something else
  /// now. error permission, io, no_space: what was there before is there still.
  Result<void> save();

 private:
  KeyringChange(const Home& home, FolderLock lock) : home_(home), lock_(std::move(lock)) {}
  Result<void> add_statements();

  Home home_;
  FolderLock lock_;
  sign::Keyring ring_;
  std::vector<sign::TrustedKey> keys_;  // as they were read
  std::string statements_text_;         // as it was read, without half a line at its end
  std::size_t known_ = 0;               // statements that were read
  bool verified_whole_ = false;         // key_statements.verified speaks of all of it
};

/// Lets `change` work on the ring under the lock, and saves unless `change` fails. error as those.
template <class Change>
Result<void> change_keyring(const Home& home, Change&& change) {
  DCDN_TRY(KeyringChange changing, KeyringChange::begin(home));
  DCDN_CHECK(change(changing.ring()));
  return changing.save();
}

}  // namespace dcdn::trust
