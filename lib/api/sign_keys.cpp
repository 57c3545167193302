// The keys and trust of dcdn/sign.hpp.
#include "api/key_store.hpp"
#include "api/sign_choice.hpp"
#include "dcdn/sign.hpp"

namespace dcdn {

namespace api {

Result<SecretKey> load_chosen_key(const KeyChoice& choice) {
  return choice.file.empty() ? load_key(choice.home, choice.name, choice.passphrase)
                             : load_key_file(choice.file, choice.passphrase);
}

Result<std::set<NodeId>> accepted_keys(const Home& home, const std::vector<std::string>& keys) {
  DCDN_TRY(const Keyring ring, load_keyring(home));
  std::set<NodeId> accepted;
  for (const std::string& key : keys) {
    DCDN_TRY(const NodeId id, ring.find(key));
    accepted.insert(id);
  }
  if (keys.empty())
    for (const TrustedKey& key : ring.keys()) accepted.insert(key.key);
  if (accepted.empty())
    return Error(Errc::untrusted, "nobody is trusted yet: " + home.trusted_keys_path() + " names no key")
        .with_hint("give --key NODE-ID, or: dcdn-sign trust add NAME NODE-ID");
  return accepted;
}

}  // namespace api

Result<KeyInfo> make_key(const KeyChoice& choice) {
  DCDN_TRY(const SecretKey key, SecretKey::generate());
  DCDN_TRY(const api::StoredKey stored, api::store_new_key(choice.home, choice.name, key, choice.passphrase));
  return KeyInfo{choice.name, stored.path, to_text(key.id()), stored.is_default};
}

Result<KeyInfo> describe_key(const KeyChoice& choice) {
  DCDN_TRY(const SecretKey key, api::load_chosen_key(choice));
  KeyInfo info{choice.name, choice.file, to_text(key.id()), false};
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

Result<bool> trust_key(const Home& home, const std::string& name, const std::string& id) {
  DCDN_TRY(const NodeId key, parse_node_id(id));
  bool added = false;
  const auto change = [&](Keyring& ring) -> Result<void> {
    const std::size_t before = ring.keys().size();
    DCDN_CHECK(ring.add({name, key}));
    added = ring.keys().size() > before;
    return {};
  };
  DCDN_CHECK(api::change_keyring(home, change));
  return added;
}

Result<std::vector<TrustedName>> trusted_keys(const Home& home) {
  DCDN_TRY(const Keyring ring, api::load_keyring(home));
  std::vector<TrustedName> names;
  for (const TrustedKey& key : ring.keys()) names.push_back({key.name, to_text(key.key)});
  return names;
}

Result<int> distrust_key(const Home& home, const std::string& name_or_id) {
  int removed = 0;
  const auto change = [&](Keyring& ring) -> Result<void> {
    const std::size_t before = ring.keys().size();
    DCDN_CHECK(ring.remove(name_or_id));
    removed = static_cast<int>(before - ring.keys().size());
    return {};
  };
  DCDN_CHECK(api::change_keyring(home, change));
  return removed;
}

}  // namespace dcdn
