#include "net/tls_credentials.hpp"

#include <fmt/format.h>
#include <gnutls/crypto.h>

#include <vector>

#include "base/random.hpp"
#include "base/unique_fd.hpp"

namespace dcdn::net {

namespace {

constexpr std::size_t kCaFileBytes = 4 << 20;
constexpr unsigned kChainLength = 8;
constexpr std::time_t kNotBefore = 0;            // devices in the field have wrong clocks, and nobody looks
constexpr std::time_t kNotAfter = 253402300799;  // 9999-12-31T23:59:59Z, RFC 5280 section 4.1.2.5
constexpr char kResetLabel[] = "dcdn/1 stateless reset";

struct FreeKey {
  void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
};
struct FreeCertificate {
  void operator()(gnutls_x509_crt_t certificate) const { gnutls_x509_crt_deinit(certificate); }
};
using KeyPointer = std::unique_ptr<gnutls_x509_privkey_int, FreeKey>;
using CertificatePointer = std::unique_ptr<gnutls_x509_crt_int, FreeCertificate>;

gnutls_datum_t datum_of(const Bytes& bytes) {
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

Error tls_error(Errc code, const std::string& what, int failure) {
  return {code, fmt::format("{}: {}", what, gnutls_strerror(failure))};
}

Result<KeyPointer> load_key(const Bytes& pem) {
  gnutls_x509_privkey_t raw = nullptr;
  if (const int failure = gnutls_x509_privkey_init(&raw); failure != 0)
    return tls_error(Errc::internal, "node key", failure);
  KeyPointer key(raw);
  const gnutls_datum_t data = datum_of(pem);
  if (const int failure =
          gnutls_x509_privkey_import2(raw, &data, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN);
      failure != 0)
    return tls_error(Errc::corrupt, "node key", failure);
  if (gnutls_x509_privkey_get_pk_algorithm(raw) != GNUTLS_PK_EDDSA_ED25519)
    return Error(Errc::usage, "node key: not an Ed25519 key").with_hint("make one with dcdn-sign keygen");
  return key;
}

int add_names(gnutls_x509_crt_t certificate, const std::vector<std::string>& names) {
  int failure = 0;
  for (const std::string& name : names)
    if (failure == 0)
      failure = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_URI, name.data(),
                                                     static_cast<unsigned>(name.size()), GNUTLS_FSAN_APPEND);
  return failure;
}

Result<CertificatePointer> self_signed(gnutls_x509_privkey_t key, const std::vector<std::string>& names) {
  gnutls_x509_crt_t raw = nullptr;
  int failure = gnutls_x509_crt_init(&raw);
  CertificatePointer certificate(raw);
  std::array<std::uint8_t, 16> serial;
  random_bytes(serial);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);  // positive, and no leading zero
  static constexpr char kName[] = "dcdn node";
  if (failure == 0) failure = gnutls_x509_crt_set_version(raw, 3);
  if (failure == 0) failure = gnutls_x509_crt_set_serial(raw, serial.data(), serial.size());
  if (failure == 0) failure = gnutls_x509_crt_set_activation_time(raw, kNotBefore);
  if (failure == 0) failure = gnutls_x509_crt_set_expiration_time(raw, kNotAfter);
  if (failure == 0)
    failure = gnutls_x509_crt_set_dn_by_oid(raw, GNUTLS_OID_X520_COMMON_NAME, 0, kName, sizeof kName - 1);
  if (failure == 0) failure = gnutls_x509_crt_set_key(raw, key);
  if (failure == 0) failure = gnutls_x509_crt_set_key_usage(raw, GNUTLS_KEY_DIGITAL_SIGNATURE);
  if (failure == 0) failure = add_names(raw, names);
  if (failure == 0) failure = gnutls_x509_crt_sign2(raw, raw, key, GNUTLS_DIG_SHA512, 0);
  if (failure != 0) return tls_error(Errc::internal, "node certificate", failure);
  return certificate;
}

Result<std::vector<CertificatePointer>> load_certificates(const Bytes& pem) {
  std::array<gnutls_x509_crt_t, kChainLength> raw;
  unsigned count = raw.size();
  const gnutls_datum_t data = datum_of(pem);
  const int failure = gnutls_x509_crt_list_import(raw.data(), &count, &data, GNUTLS_X509_FMT_PEM,
                                                  GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
  if (failure < 0) return tls_error(Errc::corrupt, "node certificate", failure);
  std::vector<CertificatePointer> chain;
  for (unsigned i = 0; i < count; ++i) chain.emplace_back(raw[i]);
  return chain;
}

// GnuTLS takes an Ed25519 certificate of another key without a word, and fails much later.
bool belongs_to(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key) {
  std::array<std::uint8_t, 32> of_certificate;
  std::array<std::uint8_t, 32> of_key;
  std::size_t certificate_size = of_certificate.size();
  std::size_t key_size = of_key.size();
  return gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, of_certificate.data(),
                                    &certificate_size) == 0 &&
         gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key.data(), &key_size) == 0 &&
         of_certificate == of_key;
}

}  // namespace

Result<void> TlsCredentials::load_identity(const Identity& identity) {
  gnutls_certificate_credentials_t raw = nullptr;
  if (const int failure = gnutls_certificate_allocate_credentials(&raw); failure != 0)
    return tls_error(Errc::internal, "TLS", failure);
  credentials_.reset(raw);
  DCDN_TRY(const KeyPointer key, load_key(identity.key_pem));
  std::vector<CertificatePointer> chain;
  if (identity.cert_pem.empty()) {
    DCDN_TRY(CertificatePointer own, self_signed(key.get(), identity.names));
    chain.push_back(std::move(own));
  } else {
    DCDN_TRY(chain, load_certificates(identity.cert_pem));
    if (chain.empty() || !belongs_to(chain.front().get(), key.get()))
      return Error(Errc::usage, "node certificate: it is not for the node's key");
  }
  std::vector<gnutls_x509_crt_t> list;
  for (const CertificatePointer& certificate : chain) list.push_back(certificate.get());
  const int failure =
      gnutls_certificate_set_x509_key(raw, list.data(), static_cast<int>(list.size()), key.get());
  if (failure < 0) return tls_error(Errc::usage, "node certificate", failure);
  const int derived = gnutls_hmac_fast(GNUTLS_MAC_SHA256, identity.key_pem.data(), identity.key_pem.size(),
                                       kResetLabel, sizeof kResetLabel - 1, reset_key_.data());
  if (derived != 0) return tls_error(Errc::internal, "TLS", derived);
  return {};
}

ResetSecret TlsCredentials::reset_secret(const SocketAddress& local) const {
  const std::string place = local.text();
  ResetSecret made;
  // Never fails; if it did, a reset that nobody believes would be what is left.
  if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, reset_key_.data(), reset_key_.size(), place.data(), place.size(),
                       made.data()) != 0)
    random_bytes(made);
  return made;
}

Result<void> TlsCredentials::load_authority(const std::string& ca_file) {
  DCDN_TRY(const Bytes pem, read_file(ca_file, kCaFileBytes));
  gnutls_x509_trust_list_t raw = nullptr;
  if (const int failure = gnutls_x509_trust_list_init(&raw, 0); failure != 0)
    return tls_error(Errc::internal, ca_file, failure);
  authority_.reset(raw);
  const gnutls_datum_t data = datum_of(pem);
  const int count = gnutls_x509_trust_list_add_trust_mem(raw, &data, nullptr, GNUTLS_X509_FMT_PEM, 0, 0);
  if (count <= 0)
    return Error(Errc::config, fmt::format("{}: no certificate authority in PEM form in it", ca_file));
  return {};
}

Result<std::shared_ptr<const TlsCredentials>> TlsCredentials::make(const Identity& identity,
                                                                   const std::string& ca_file) {
  const auto made = std::make_shared<TlsCredentials>();
  DCDN_CHECK(made->load_identity(identity));
  if (!ca_file.empty()) DCDN_CHECK(made->load_authority(ca_file));
  return std::shared_ptr<const TlsCredentials>(made);
}

}  // namespace dcdn::net
