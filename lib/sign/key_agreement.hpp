// key_agreement.hpp - X25519 (RFC 7748) with the keys that sign, by libsodium. SecretKey::agree uses it.
//
// One key for both is safe as it is used here: what comes out goes through HKDF with both public keys
// (Thormarker, "On using the same key pair for Ed25519 and an X25519 based KEM", 2021).
#pragma once
#include "dcdn/result.hpp"
#include "sign/secret.hpp"

namespace dcdn::sign {

/// An X25519 public key.
using AgreementKey = Name32<struct AgreementKeyTag>;

/// The one of the same secret: u = (1 + y) / (1 - y) (RFC 7748 section 4.1).
/// error usage: not a point of the curve's main subgroup.
Result<AgreementKey> agreement_key(const NodeId& id);

/// X25519 of `other` and the scalar that an Ed25519 seed signs with (RFC 8032 section 5.1.5, steps 1 and 2).
/// error corrupt: `other` is of small order.
Result<Secret> agree_with_seed(ByteView seed, const AgreementKey& other);
/// Any 32 bytes are a secret key of X25519 itself; this is its public key.
AgreementKey public_of_scalar(const Secret& scalar);
/// error corrupt: `other` is of small order.
Result<Secret> agree_with_scalar(const Secret& scalar, const AgreementKey& other);

}  // namespace dcdn::sign
