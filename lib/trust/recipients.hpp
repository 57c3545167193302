// recipients.hpp - whom to encrypt to and with what to decrypt, by the files of a home.
#pragma once
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "sign/ed25519.hpp"
#include "sign/keyring.hpp"

namespace dcdn::trust {

/// Trusted names, node ids and public key files, as they stand now. error not_found; untrusted: revoked.
Result<std::vector<NodeId>> recipients_of(const sign::Keyring& ring, const std::vector<std::string>& keys);

/// Every secret key of the home that opens without a passphrase, also those that were replaced. Files that
/// cannot be used are passed over: one of the others may do.
std::vector<sign::SecretKey> secret_keys(const Home& home);

}  // namespace dcdn::trust
