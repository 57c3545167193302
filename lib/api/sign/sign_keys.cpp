// The keys of dcdn/sign.hpp.

#include "base/clock.hpp"
#include "dcdn/sign.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/key_files.hpp"
#include "trust/keyring_file.hpp"
#include "wire/frame.hpp"

namespace dcdn {

Result<KeyInfo> make_key(const KeyChoice& choice) {
  DCDN_TRY(const SecretKey key, SecretKey::generate());
  DCDN_TRY(const KeyRevocation revocation, make_revocation(key, now_s()));
  DCDN_TRY(const api::StoredKey stored, api::store_new_key(choice.home, choice.name, key, choice.passphrase));
  KeyInfo info{choice.name, stored.path, to_text(key.id()), stored.is_default, {}, 0};
  const Bytes frame = wire::make_frame(wire::FrameType::key_revocation, encode(KeyStatement(revocation)));
  DCDN_TRY(info.revocation, api::store_revocation(choice.home, choice.name, frame));
  return info;
}

Result<KeyInfo> describe_key(const KeyChoice& choice) {
  DCDN_TRY(const SecretKey key, api::load_chosen_key(choice));
  KeyInfo info{choice.name, choice.file, to_text(key.id()), false, {}, 0};
  DCDN_TRY(const Keyring ring, api::load_keyring(choice.home));
  info.epoch = ring.history().epoch_of(key.id());
  if (!choice.file.empty()) {
    info.name.clear();
    return info;
  }
  DCDN_TRY(info.path, api::key_file_path(choice.home, choice.name));
  DCDN_TRY(info.is_default, api::is_default_key(choice.home, choice.name));
  return info;
}

Result<bool> key_needs_passphrase(const KeyChoice& choice) {
  if (!choice.file.empty()) return api::is_key_encrypted(choice.file);
  DCDN_TRY(const std::string path, api::find_key_file(choice.home, choice.name));
  return api::is_key_encrypted(path);
}

}  // namespace dcdn
