#include "sign/ed25519.hpp"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <algorithm>

#include "base/random.hpp"
#include "sign/pkcs8.hpp"
#include "sign/sealing.hpp"

namespace dcdn::sign {

namespace {

using Scalar = std::array<std::uint8_t, 32>;  // little-endian

/// Order of the base point, 2^252 + 27742317777372353535851937790883648493 (RFC 8032 section 5.1).
constexpr Scalar kGroupOrder{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                             0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                             0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
/// 2^255 - 19.
constexpr Scalar kFieldPrime{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                             0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                             0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
/// y of the eight points whose order divides 8, sign of x left out: 0, 1, -1 and the two of order 8.
constexpr Scalar kSmallOrderY[] = {
    {},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};

bool less_than(const Scalar& a, const Scalar& b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

/// Whether the encoding is the one and only of its point and the point is not of small order. With a
/// small-order key one signature fits every message; nettle accepts such keys. That the point lies on the
/// curve is nettle's to see.
bool is_acceptable(const NodeId& key) {
  Scalar y = key.bytes;
  y[31] &= 0x7f;
  if (!less_than(y, kFieldPrime)) return false;
  return std::find(std::begin(kSmallOrderY), std::end(kSmallOrderY), y) == std::end(kSmallOrderY);
}

bool has_canonical_s(const Signature& signature) {
  Scalar s{};
  std::copy_n(signature.begin() + 32, s.size(), s.begin());
  return less_than(s, kGroupOrder);
}

gnutls_datum_t datum_of(ByteView bytes) {
  // GnuTLS takes its inputs as unsigned char* but does not write to them.
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

bool fits_datum(ByteView bytes) {
  return bytes.size() <= 0xffffffffu;
}

struct SecretDeleter {
  void operator()(gnutls_privkey_t key) const { gnutls_privkey_deinit(key); }
};
struct PublicDeleter {
  void operator()(gnutls_pubkey_t key) const { gnutls_pubkey_deinit(key); }
};

}  // namespace

void wipe(MutableByteView secret) {
  if (!secret.empty()) gnutls_memset(secret.data(), 0, secret.size());
}
void wipe(std::string& secret) {
  if (!secret.empty()) gnutls_memset(secret.data(), 0, secret.size());
  secret.clear();
}

struct SecretKey::State {
  KeyPair pair;
};

Result<SecretKey> SecretKey::generate() {
  Seed seed;
  random_bytes(seed.writable());
  return from_seed(seed.view());
}

Result<SecretKey> SecretKey::from_seed(ByteView seed) {
  if (seed.size() != kSeedBytes) return Error(Errc::usage, "an ed25519 seed has 32 bytes");
  DCDN_TRY(KeyPair pair, key_pair_of_seed(seed));
  SecretKey key;
  key.state_ = std::make_shared<const State>(State{std::move(pair)});
  return key;
}

Result<SecretKey> SecretKey::from_pem(ByteView pem, const std::optional<std::string>& passphrase) {
  DCDN_TRY(KeyPair pair, read_pem(pem, passphrase));
  SecretKey key;
  key.state_ = std::make_shared<const State>(State{std::move(pair)});
  return key;
}

Result<Bytes> SecretKey::to_pem(const std::optional<std::string>& passphrase) const {
  return write_pem(state_->pair.seed, passphrase);
}

const NodeId& SecretKey::id() const {
  return state_->pair.id;
}

Result<Signature> SecretKey::sign(ByteView message) const {
  if (!fits_datum(message)) return Error(Errc::limit, "message too long to sign");
  // A GnuTLS key object belongs to one thread at a time, so every call makes its own; that is cheap beside
  // signing.
  gnutls_privkey_t raw = nullptr;
  int rc = gnutls_privkey_init(&raw);
  const std::unique_ptr<std::remove_pointer_t<gnutls_privkey_t>, SecretDeleter> key(raw);
  const gnutls_datum_t x = datum_of(state_->pair.id.view());
  const gnutls_datum_t k = datum_of(state_->pair.seed.view());
  if (rc >= 0) rc = gnutls_privkey_import_ecc_raw(key.get(), GNUTLS_ECC_CURVE_ED25519, &x, nullptr, &k);
  const gnutls_datum_t data = datum_of(message);
  gnutls_datum_t out{};
  if (rc >= 0) rc = gnutls_privkey_sign_data2(key.get(), GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &out);
  if (rc < 0) return Error(Errc::internal, std::string("sign: ") + gnutls_strerror(rc));
  Signature signature{};
  const bool right_size = out.size == signature.size();
  if (right_size) std::copy_n(out.data, signature.size(), signature.begin());
  gnutls_free(out.data);
  if (!right_size) return Error(Errc::internal, "sign: signature of a wrong length");
  return signature;
}

Result<Secret> SecretKey::agree(const AgreementKey& other) const {
  return agree_with_seed(state_->pair.seed.view(), other);
}

Result<Secret> SecretKey::derive(std::string_view purpose, ByteView salt) const {
  DCDN_TRY(const Secret extracted, extract(salt, state_->pair.seed.view()));
  return expand(extracted, {as_bytes(purpose)});
}

bool verify_ed25519(const NodeId& key, ByteView message, const Signature& signature) {
  if (!is_acceptable(key) || !has_canonical_s(signature) || !fits_datum(message)) return false;
  gnutls_pubkey_t raw = nullptr;
  if (gnutls_pubkey_init(&raw) < 0) return false;
  const std::unique_ptr<std::remove_pointer_t<gnutls_pubkey_t>, PublicDeleter> owner(raw);
  const gnutls_datum_t x = datum_of(key.view());
  if (gnutls_pubkey_import_ecc_raw(raw, GNUTLS_ECC_CURVE_ED25519, &x, nullptr) < 0) return false;
  const gnutls_datum_t data = datum_of(message);
  const gnutls_datum_t value = datum_of(signature);
  return gnutls_pubkey_verify_data2(raw, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &value) >= 0;
}

}  // namespace dcdn::sign
