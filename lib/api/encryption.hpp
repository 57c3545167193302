// encryption.hpp - whom to encrypt to and with what to decrypt, by the files of a home; delivered objects
// that are encrypted.
#pragma once
#include <string>
#include <vector>

#include "api/unpack_stream.hpp"
#include "sign/ed25519.hpp"
#include "sign/keyring.hpp"

namespace dcdn::api {

/// Trusted names, node ids and public key files, as they stand now. error not_found; untrusted: revoked.
Result<std::vector<NodeId>> recipients_of(const Keyring& ring, const std::vector<std::string>& keys);

/// Every secret key of the home that opens without a passphrase, also those that were replaced. Files that
/// cannot be used are passed over: one of the others may do.
std::vector<SecretKey> secret_keys(const Home& home);

/// What the content of an encrypted object begins with is in this file.
bool is_sealed_file(const std::string& path);

/// Decrypts the encrypted object that was delivered as `path`, unpacks it into options.directory and removes
/// `path`. If that fails, `path` stays. `tap` gives the directory and what may be in it. error as
/// ContentOpener's; nothing: what was encrypted is no chunk stream and has no name.
Result<RecvReport> unpack_sealed_file(const RecvOptions& options, ProgressSink& progress,
                                      const std::string& path, std::vector<SecretKey> keys,
                                      const UnpackTap& tap);

}  // namespace dcdn::api
