#include "sign/key_agreement.hpp"

#include <sodium/crypto_scalarmult_curve25519.h>
#include <sodium/crypto_sign_ed25519.h>

#include "sign/ed25519.hpp"

namespace dcdn::sign {

Result<AgreementKey> agreement_key(const NodeId& id) {
  AgreementKey key;
  if (crypto_sign_ed25519_pk_to_curve25519(key.bytes.data(), id.bytes.data()) != 0)
    return Error(Errc::usage, to_text(id) + ": not a public key, nothing can be encrypted to it");
  return key;
}

Result<Secret> agree_with_seed(ByteView seed, const AgreementKey& other) {
  // libsodium's secret keys begin with the seed, and this conversion looks no further.
  std::array<std::uint8_t, crypto_sign_ed25519_SECRETKEYBYTES> pair{};
  std::memcpy(pair.data(), seed.data(), kSecretBytes);
  Secret scalar;
  (void)crypto_sign_ed25519_sk_to_curve25519(scalar.writable().data(), pair.data());
  wipe(pair);
  return agree_with_scalar(scalar, other);
}

AgreementKey public_of_scalar(const Secret& scalar) {
  AgreementKey key;
  (void)crypto_scalarmult_curve25519_base(key.bytes.data(), scalar.view().data());
  return key;
}

Result<Secret> agree_with_scalar(const Secret& scalar, const AgreementKey& other) {
  Secret shared;
  if (crypto_scalarmult_curve25519(shared.writable().data(), scalar.view().data(), other.bytes.data()) != 0)
    return Error(Errc::corrupt, "a public key of small order");
  return shared;
}

}  // namespace dcdn::sign
