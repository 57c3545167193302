// chosen_keys.hpp - what the options of dcdn/sign.hpp stand for.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "dcdn/sign.hpp"
#include "sign/ed25519.hpp"
#include "sign/keyring.hpp"

namespace dcdn::trust {

Result<sign::SecretKey> load_chosen_key(const KeyChoice& choice);
/// The node ids and trusted names in `keys` as they stand now; every key that is trusted to send, or for
/// `project` if that is not empty, if there are none. Revoked ones are left out. error untrusted: that leaves
/// nobody.
Result<std::set<NodeId>> accepted_keys(const sign::Keyring& ring, const std::vector<std::string>& keys,
                                       const std::string& project);

/// As Keyring::current, for a key of ours: what the hint says is for its owner.
Result<NodeId> current_own_key(const sign::Keyring& ring, const NodeId& key);

/// Says so if the key that `refused` names is one's own: it is not accepted by itself, since a stream of ours
/// that somebody sends back to us is not what the others have signed. Keys with a passphrase are not known.
Error explain_own_key(const Home& home, Error refused);

}  // namespace dcdn::trust
