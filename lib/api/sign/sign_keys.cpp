// The keys of dcdn/sign.hpp.

#include "base/clock.hpp"
#include "dcdn/sign.hpp"
#include "trust/audit_log.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/key_files.hpp"
#include "trust/keyring_file.hpp"
#include "wire/frame.hpp"

namespace dcdn {

Result<KeyInfo> make_key(const KeyChoice& choice) {
  DCDN_CHECK(trust::key_file_path(choice.home, choice.name));
  DCDN_TRY(const trust::FolderLock lock, trust::lock_keys(choice.home));
  DCDN_CHECK(trust::check_no_key(choice.home, choice.name));
  DCDN_TRY(const sign::SecretKey key, sign::SecretKey::generate());
  DCDN_TRY(const sign::KeyRevocation revocation, sign::make_revocation(key, now_s()));
  KeyInfo info{choice.name, {}, sign::to_text(key.id()), false, {}, 0};
  // The key comes last: what a kill leaves before it is replaced by the next call, and no key is without its
  // revocation, or not in the log.
  const Bytes frame =
      wire::make_frame(wire::FrameType::key_revocation, encode(sign::KeyStatement(revocation)));
  DCDN_TRY(info.revocation, trust::store_revocation(choice.home, choice.name, frame));
  DCDN_CHECK(trust::append_audit(
      choice.home, {trust::kAuditKey, {{"what", "the key " + info.id + " is made, named " + choice.name}}},
      now_s()));
  DCDN_TRY(const trust::StoredKey stored,
           trust::store_new_key(choice.home, choice.name, key, choice.passphrase));
  info.path = stored.path;
  info.is_default = stored.is_default;
  return info;
}

Result<KeyInfo> describe_key(const KeyChoice& choice) {
  DCDN_TRY(const sign::SecretKey key, trust::load_chosen_key(choice));
  KeyInfo info{choice.name, choice.file, sign::to_text(key.id()), false, {}, 0};
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(choice.home));
  info.epoch = ring.history().epoch_of(key.id());
  if (!choice.file.empty()) {
    info.name.clear();
    return info;
  }
  DCDN_TRY(info.path, trust::key_file_path(choice.home, choice.name));
  DCDN_TRY(info.is_default, trust::is_default_key(choice.home, choice.name));
  return info;
}

Result<bool> key_needs_passphrase(const KeyChoice& choice) {
  if (!choice.file.empty()) return trust::is_key_encrypted(choice.file);
  DCDN_TRY(const std::string path, trust::find_key_file(choice.home, choice.name));
  return trust::is_key_encrypted(path);
}

}  // namespace dcdn
