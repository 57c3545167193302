#include "sign/pkcs8.hpp"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <memory>

#include "base/random.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::sign {

namespace {

/// PrivateKeyInfo of RFC 8410 section 7 up to the seed: version 0, id-Ed25519, an octet string in an octet
/// string.
constexpr std::array<std::uint8_t, 16> kPlainPrefix{0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                                    0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
constexpr std::size_t kPlainBytes = kPlainPrefix.size() + kSeedBytes;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kAesBlock = 16;
constexpr std::size_t kAesKey = 32;

// DER of the object identifiers (tag and length included).
constexpr std::uint8_t kPbes2[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d};
constexpr std::uint8_t kPbkdf2[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c};
constexpr std::uint8_t kHmacSha256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x02, 0x09, 0x05, 0x00};
constexpr std::uint8_t kAes256Cbc[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a};

constexpr std::uint8_t kScrypt[] = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b};

constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kOctets = 0x04;
constexpr std::uint8_t kInteger = 0x02;

struct PrivateKeyDeleter {
  void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
};
using PrivateKey = std::unique_ptr<std::remove_pointer_t<gnutls_x509_privkey_t>, PrivateKeyDeleter>;

/// Bytes from GnuTLS's allocator, wiped before they are freed.
struct Datum {
  gnutls_datum_t value{};
  Datum() = default;
  Datum(const Datum&) = delete;
  Datum& operator=(const Datum&) = delete;
  ~Datum() {
    if (value.data != nullptr) gnutls_memset(value.data, 0, value.size);
    gnutls_free(value.data);
  }
  [[nodiscard]] ByteView view() const { return {value.data, value.size}; }
};

gnutls_datum_t datum_of(ByteView bytes) {
  // GnuTLS takes its inputs as unsigned char* but does not write to them.
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

Error gnutls_error(int code, const std::string& what) {
  return {Errc::internal, what + ": " + gnutls_strerror(code)};
}

Result<PrivateKey> new_private_key() {
  gnutls_x509_privkey_t raw = nullptr;
  if (const int rc = gnutls_x509_privkey_init(&raw); rc < 0) return gnutls_error(rc, "new key");
  return PrivateKey(raw);
}

Result<KeyPair> key_pair_of(gnutls_x509_privkey_t key) {
  if (gnutls_x509_privkey_get_pk_algorithm(key) != GNUTLS_PK_EDDSA_ED25519)
    return Error(Errc::unsupported, "the key is not an ed25519 key")
        .with_hint("make one with: dcdn-sign keygen, or: openssl genpkey -algorithm ed25519");
  gnutls_ecc_curve_t curve{};
  Datum x;
  Datum k;
  if (const int rc = gnutls_x509_privkey_export_ecc_raw(key, &curve, &x.value, nullptr, &k.value); rc < 0)
    return gnutls_error(rc, "read the key");
  if (x.value.size != kSeedBytes || k.value.size != kSeedBytes)
    return Error(Errc::corrupt, "the key has not the length of an ed25519 key");
  return KeyPair{Seed(k.view()), NodeId::copy_of(x.view())};
}

Bytes der(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  Bytes out{tag};
  if (size >= 0x80) out.push_back(0x81);  // nothing here reaches 256 bytes
  out.push_back(static_cast<std::uint8_t>(size));
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

std::array<std::uint8_t, kPlainBytes> plain_der(const Seed& seed) {
  std::array<std::uint8_t, kPlainBytes> plain{};
  std::copy(kPlainPrefix.begin(), kPlainPrefix.end(), plain.begin());
  std::copy(seed.view().begin(), seed.view().end(), plain.begin() + kPlainPrefix.size());
  return plain;
}

Result<Bytes> to_pem_text(const char* label, ByteView bytes) {
  const gnutls_datum_t in = datum_of(bytes);
  Datum out;
  if (const int rc = gnutls_pem_base64_encode2(label, &in, &out.value); rc < 0)
    return gnutls_error(rc, "write the key");
  return Bytes(out.view().begin(), out.view().end());
}

/// AES-256-CBC with the padding of RFC 8018 section 6.2 over the plain key; `block` is filled with the
/// ciphertext.
Result<void> encrypt(const std::string& passphrase, ByteView salt, ByteView iv, MutableByteView block) {
  Datum normal;  // GnuTLS reads a key with the passphrase in this form, so it must be written with it
  const int normalized =
      gnutls_utf8_password_normalize(reinterpret_cast<const unsigned char*>(passphrase.data()),
                                     static_cast<unsigned>(passphrase.size()), &normal.value, 0);
  if (normalized < 0) return Error(Errc::usage, "the passphrase is not UTF-8 text or has control characters");
  const gnutls_datum_t salt_datum = datum_of(salt);
  std::array<std::uint8_t, kAesKey> key{};
  int rc = gnutls_pbkdf2(GNUTLS_MAC_SHA256, &normal.value, &salt_datum, kKdfRounds, key.data(), key.size());
  if (rc >= 0) {
    const gnutls_datum_t key_datum = datum_of(key);
    const gnutls_datum_t iv_datum = datum_of(iv);
    gnutls_cipher_hd_t cipher = nullptr;
    rc = gnutls_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_CBC, &key_datum, &iv_datum);
    if (rc >= 0) {
      rc = gnutls_cipher_encrypt(cipher, block.data(), block.size());
      gnutls_cipher_deinit(cipher);
    }
  }
  wipe(key);
  if (rc < 0) return gnutls_error(rc, "encrypt the key");
  return {};
}

/// GnuTLS knows no scrypt, and says of such a key what it says of a wrong passphrase.
bool uses_scrypt(ByteView pem) {
  const gnutls_datum_t in = datum_of(pem);
  Datum der_bytes;
  if (gnutls_pem_base64_decode2("ENCRYPTED PRIVATE KEY", &in, &der_bytes.value) < 0) return false;
  const ByteView all = der_bytes.view();
  return std::search(all.begin(), all.end(), std::begin(kScrypt), std::end(kScrypt)) != all.end();
}

Error not_pkcs8(std::string_view text) {
  if (text.find("-----BEGIN OPENSSH PRIVATE KEY-----") != std::string_view::npos)
    return Error(Errc::unsupported,
                 "a key of ssh-keygen, in the form of its own that ed25519 keys have there")
        .with_hint("make one for dcdn: dcdn-sign keygen, or: openssl genpkey -algorithm ed25519");
  return Error(Errc::corrupt, "holds no PEM private key (PKCS#8)")
      .with_hint("a key in another form is converted by: openssl pkcs8 -topk8 -nocrypt -in KEY");
}

}  // namespace

Secret::Secret(ByteView bytes) {
  std::copy_n(bytes.begin(), bytes_.size(), bytes_.begin());
}
Secret::~Secret() {
  wipe(bytes_);
}

Result<KeyPair> key_pair_of_seed(ByteView seed) {
  DCDN_TRY(const PrivateKey key, new_private_key());
  auto plain = plain_der(Seed(seed));
  const gnutls_datum_t in = datum_of(plain);
  const int rc =
      gnutls_x509_privkey_import_pkcs8(key.get(), &in, GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN);
  wipe(plain);
  if (rc < 0) return gnutls_error(rc, "derive the public key");
  return key_pair_of(key.get());
}

Result<KeyPair> read_pem(ByteView pem, const std::optional<std::string>& passphrase) {
  if (pem.size() > kMaxPemBytes) return Error(Errc::corrupt, "too long for a PEM key");
  const std::string_view text = as_text(pem);
  const bool encrypted = text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos;
  if (!encrypted && text.find("-----BEGIN PRIVATE KEY-----") == std::string_view::npos)
    return not_pkcs8(text);
  if (encrypted && uses_scrypt(pem))
    return Error(Errc::unsupported, "the key is encrypted with scrypt, which cannot be read here")
        .with_hint("openssl pkcs8 -topk8 -in KEY -out NEW writes it with PBKDF2, under any passphrase");
  if (encrypted && !passphrase)
    return Error(Errc::untrusted, "the key is encrypted and needs a passphrase")
        .with_hint("give --passphrase-fd FD");
  DCDN_TRY(const PrivateKey key, new_private_key());
  const gnutls_datum_t in = datum_of(pem);
  const int rc = gnutls_x509_privkey_import_pkcs8(key.get(), &in, GNUTLS_X509_FMT_PEM,
                                                  encrypted ? passphrase->c_str() : nullptr,
                                                  encrypted ? 0 : GNUTLS_PKCS_PLAIN);
  // A wrong passphrase shows as bad padding, or one time in some hundred as nonsense where the key should be.
  if (rc < 0 && encrypted && rc != GNUTLS_E_UNKNOWN_CIPHER_TYPE && rc != GNUTLS_E_BASE64_DECODING_ERROR)
    return Error(Errc::untrusted, "the key needs a passphrase and this one does not open it");
  if (rc == GNUTLS_E_ECC_UNSUPPORTED_CURVE || rc == GNUTLS_E_UNIMPLEMENTED_FEATURE ||
      rc == GNUTLS_E_UNKNOWN_PK_ALGORITHM || rc == GNUTLS_E_UNKNOWN_CIPHER_TYPE)
    return Error(Errc::unsupported,
                 std::string("key of a kind that is not supported: ") + gnutls_strerror(rc));
  if (rc < 0) return Error(Errc::corrupt, std::string("damaged PEM private key: ") + gnutls_strerror(rc));
  return key_pair_of(key.get());
}

Result<Bytes> write_pem(const Seed& seed, const std::optional<std::string>& passphrase) {
  auto plain = plain_der(seed);
  if (!passphrase) {
    auto pem = to_pem_text("PRIVATE KEY", plain);
    wipe(plain);
    return pem;
  }
  // A whole number of blocks already, so the padding is one block more.
  static_assert(kPlainBytes % kAesBlock == 0);
  std::array<std::uint8_t, kPlainBytes + kAesBlock> block{};
  block.fill(kAesBlock);
  std::copy(plain.begin(), plain.end(), block.begin());
  wipe(plain);
  std::array<std::uint8_t, kSaltBytes> salt{};
  std::array<std::uint8_t, kAesBlock> iv{};
  random_bytes(salt);
  random_bytes(iv);
  if (passphrase->empty()) return Error(Errc::usage, "the passphrase is empty");
  if (passphrase->find('\0') != std::string::npos)
    return Error(Errc::usage, "the passphrase holds a zero byte");
  if (auto done = encrypt(*passphrase, salt, iv, block); !done) {
    wipe(block);
    return done.error();
  }
  const std::uint8_t rounds[] = {kKdfRounds >> 16, (kKdfRounds >> 8) & 0xff, kKdfRounds & 0xff};
  static_assert((kKdfRounds >> 16) < 0x80, "three bytes and positive");
  const Bytes kdf_parameters =
      der(kSequence, {der(kOctets, {salt}), der(kInteger, {rounds}), der(kSequence, {kHmacSha256})});
  const Bytes kdf = der(kSequence, {kPbkdf2, kdf_parameters});
  const Bytes cipher = der(kSequence, {kAes256Cbc, der(kOctets, {iv})});
  const Bytes scheme = der(kSequence, {kPbes2, der(kSequence, {kdf, cipher})});
  return to_pem_text("ENCRYPTED PRIVATE KEY", der(kSequence, {scheme, der(kOctets, {block})}));
}

}  // namespace dcdn::sign
