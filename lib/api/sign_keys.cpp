// The keys of dcdn/sign.hpp.
#include <ctime>

#include "api/key_store.hpp"
#include "api/sign_choice.hpp"
#include "dcdn/sign.hpp"
#include "wire/frame.hpp"

namespace dcdn {

namespace api {

std::uint64_t now_s() {
  return static_cast<std::uint64_t>(std::time(nullptr));
}

Result<SecretKey> load_chosen_key(const KeyChoice& choice) {
  return choice.file.empty() ? load_key(choice.home, choice.name, choice.passphrase)
                             : load_key_file(choice.file, choice.passphrase);
}

Result<std::set<NodeId>> accepted_keys(const Keyring& ring, const std::vector<std::string>& keys,
                                       const std::string& project) {
  const std::string scope = project.empty() ? std::string(kScopeSend) : "project:" + project;
  const std::set<NodeId> in_scope = ring.allowed(scope);
  std::set<NodeId> accepted;
  std::optional<Error> refused;
  for (const std::string& key : keys) {
    const auto id = ring.find(key);
    if (!id && id.error().code != Errc::untrusted) return id.error();
    if (!id && !refused) refused = id.error();
    if (!id) continue;
    // Whom the user names is accepted, but for a project only whom the keyring says may sign for it.
    if (!project.empty() && !in_scope.contains(*id))
      return Error(Errc::untrusted, key + " may not sign for the project " + project)
          .with_hint("dcdn-sign trust add " + key + " ID --scope " + scope);
    accepted.insert(*id);
  }
  if (keys.empty()) accepted = in_scope;
  if (!accepted.empty()) return accepted;
  if (refused) return *refused;
  for (const TrustedKey& entry : ring.keys())
    if (const auto now = ring.current(entry); !now) return now.error();
  if (!ring.keys().empty())
    return Error(Errc::untrusted, "no trusted key has the scope " + scope)
        .with_hint("give --key NODE-ID, or: dcdn-sign trust add NAME NODE-ID --scope " + scope);
  return Error(Errc::untrusted, "nobody is trusted yet: trusted_keys names no key")
      .with_hint("give --key NODE-ID, or: dcdn-sign trust add NAME NODE-ID");
}

}  // namespace api

Result<KeyInfo> make_key(const KeyChoice& choice) {
  DCDN_TRY(const SecretKey key, SecretKey::generate());
  DCDN_TRY(const KeyRevocation revocation, make_revocation(key, api::now_s()));
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
