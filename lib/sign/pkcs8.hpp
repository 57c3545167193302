// pkcs8.hpp - the PEM file form of an Ed25519 seed (RFC 5958, RFC 8410), plain or encrypted (RFC 8018,
// PBES2).
//
// Reading is GnuTLS's. Writing is ours, because GnuTLS 3.7 fixes PBKDF2 at some thousand rounds, which a
// stolen key file does not withstand; the structure is short and constant.
#pragma once
#include <optional>
#include <string>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "sign/secret.hpp"

namespace dcdn::sign {

inline constexpr std::size_t kSeedBytes = kSecretBytes;
inline constexpr std::size_t kMaxPemBytes = 64u << 10;
inline constexpr std::uint32_t kKdfRounds = 600000;  ///< PBKDF2-HMAC-SHA256: OWASP's figure of 2023

using Seed = Secret;

struct KeyPair {
  Seed seed;
  NodeId id;
};

/// The public key that belongs to a seed. error internal: GnuTLS failed.
Result<KeyPair> key_pair_of_seed(ByteView seed);
/// As SecretKey::from_pem.
Result<KeyPair> read_pem(ByteView pem, const std::optional<std::string>& passphrase);
/// PRIVATE KEY without a passphrase, ENCRYPTED PRIVATE KEY (AES-256-CBC, kKdfRounds) with one.
/// error usage: the passphrase is empty or not UTF-8 text.
Result<Bytes> write_pem(const Seed& seed, const std::optional<std::string>& passphrase);

}  // namespace dcdn::sign
