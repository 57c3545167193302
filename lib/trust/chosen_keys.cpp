#include "trust/chosen_keys.hpp"

#include "trust/key_files.hpp"
#include "trust/recipients.hpp"

namespace dcdn::trust {

Result<sign::SecretKey> load_chosen_key(const KeyChoice& choice) {
  return choice.file.empty() ? load_key(choice.home, choice.name, choice.passphrase)
                             : load_key_file(choice.file, choice.passphrase);
}

Result<std::set<NodeId>> accepted_keys(const sign::Keyring& ring, const std::vector<std::string>& keys,
                                       const std::string& project) {
  const std::string scope = project.empty() ? std::string(sign::kScopeSend) : "project:" + project;
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
  for (const sign::TrustedKey& entry : ring.keys())
    if (const auto now = ring.current(entry); !now) return now.error();
  if (!ring.keys().empty())
    return Error(Errc::untrusted, "no trusted key has the scope " + scope)
        .with_hint("give --signer NODE-ID, or: dcdn-sign trust add NAME NODE-ID --scope " + scope);
  return Error(Errc::untrusted, "nobody is trusted yet: trusted_keys names no key")
      .with_hint("give --signer NODE-ID, or: dcdn-sign trust add NAME NODE-ID");
}

Result<NodeId> current_own_key(const sign::Keyring& ring, const NodeId& key) {
  auto now = ring.current(key);
  if (now) return now;
  return now.error().with_hint(
      "make a new one: dcdn-sign keygen --key NAME, and give its id to those who trust this one");
}

Error explain_own_key(const Home& home, Error refused) {
  if (refused.code != Errc::untrusted) return refused;
  for (const sign::SecretKey& key : secret_keys(home)) {
    const std::string id = sign::to_text(key.id());
    if (refused.message.find(id) == std::string::npos) continue;
    return Error(refused.code, refused.message + ": it is your own key")
        .with_hint("to accept what you signed yourself: --signer " + id);
  }
  return refused;
}

}  // namespace dcdn::trust
