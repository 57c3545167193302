#include "net/gnutls_session.hpp"

#include <fmt/format.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace dcdn::net {

namespace {

constexpr char kPriority[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE";
constexpr std::string_view kAlpn = "dcdn/1";
constexpr std::string_view kEarlyAlpn = "dcdn/1.1";
constexpr unsigned kMaxChain = 8;

struct FreeCertificate {
  void operator()(gnutls_x509_crt_t certificate) const { gnutls_x509_crt_deinit(certificate); }
};
using CertificatePointer = std::unique_ptr<gnutls_x509_crt_int, FreeCertificate>;

Result<CertificatePointer> parse_certificate(const gnutls_datum_t& der) {
  gnutls_x509_crt_t raw = nullptr;
  if (gnutls_x509_crt_init(&raw) != 0) return Error(Errc::internal, "TLS: out of memory");
  CertificatePointer certificate(raw);
  if (gnutls_x509_crt_import(raw, &der, GNUTLS_X509_FMT_DER) != 0)
    return Error(Errc::untrusted, "the peer's certificate cannot be read");
  return certificate;
}

Result<NodeId> key_of(gnutls_x509_crt_t certificate) {
  const Error not_ed25519(Errc::untrusted, "the peer's key is not an Ed25519 key");
  if (gnutls_x509_crt_get_pk_algorithm(certificate, nullptr) != GNUTLS_PK_EDDSA_ED25519) return not_ed25519;
  gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
  gnutls_datum_t x{};
  gnutls_datum_t y{};
  if (gnutls_x509_crt_get_pk_ecc_raw(certificate, &curve, &x, &y) != 0) return not_ed25519;
  const std::unique_ptr<unsigned char, decltype(gnutls_free)> own_x(x.data, gnutls_free);
  const std::unique_ptr<unsigned char, decltype(gnutls_free)> own_y(y.data, gnutls_free);
  if (curve != GNUTLS_ECC_CURVE_ED25519 || x.size != sizeof(NodeId::bytes)) return not_ed25519;
  return NodeId::copy_of(ByteView(x.data, x.size));
}

ngtcp2_conn* connection_of(ngtcp2_crypto_conn_ref* reference) {
  return static_cast<ngtcp2_conn*>(reference->user_data);
}

gnutls_datum_t datum_of(std::string_view text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

}  // namespace

Result<void> GnutlsSession::set_up(Side side, bool early) {
  int failure = gnutls_priority_set_direct(session_, kPriority, nullptr);
  if (failure == 0) {
    failure = side == Side::server ? ngtcp2_crypto_gnutls_configure_server_session(session_)
                                   : ngtcp2_crypto_gnutls_configure_client_session(session_);
  }
  if (failure == 0)
    failure = gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_->handle());
  const std::array<gnutls_datum_t, 2> names{datum_of(kEarlyAlpn), datum_of(kAlpn)};
  if (failure == 0) {
    failure = gnutls_alpn_set_protocols(session_, names.data() + (early ? 0 : 1), early ? 2 : 1,
                                        GNUTLS_ALPN_MANDATORY | GNUTLS_ALPN_SERVER_PRECEDENCE);
  }
  if (failure != 0) return Error(Errc::internal, fmt::format("TLS: {}", gnutls_strerror(failure)));
  if (side == Side::server) gnutls_certificate_server_set_request(session_, GNUTLS_CERT_REQUIRE);
  gnutls_session_set_ptr(session_, &reference_);
  return {};
}

Result<std::unique_ptr<GnutlsSession>> GnutlsSession::make(Side side,
                                                           std::shared_ptr<const TlsCredentials> credentials,
                                                           ngtcp2_conn* connection, bool early) {
  // No tickets: every connection proves both keys anew.
  const unsigned flags = (side == Side::server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NO_TICKETS |
                         GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NO_SIGNAL;
  gnutls_session_t raw = nullptr;
  if (const int failure = gnutls_init(&raw, flags); failure != 0)
    return Error(Errc::internal, fmt::format("TLS: {}", gnutls_strerror(failure)));
  std::unique_ptr<GnutlsSession> made(new GnutlsSession(std::move(credentials), raw));
  made->reference_.get_conn = connection_of;
  made->reference_.user_data = connection;
  DCDN_CHECK(made->set_up(side, early));
  return made;
}

Result<void> GnutlsSession::check_chain(const gnutls_datum_t* certificates, unsigned count) const {
  std::array<CertificatePointer, kMaxChain> owned;
  std::array<gnutls_x509_crt_t, kMaxChain> chain{};
  if (count > kMaxChain) return Error(Errc::untrusted, "the peer's certificate chain is too long");
  for (unsigned i = 0; i < count; ++i) {
    DCDN_TRY(owned[i], parse_certificate(certificates[i]));
    chain[i] = owned[i].get();
  }
  unsigned status = 0;
  const int failure = gnutls_x509_trust_list_verify_crt2(credentials_->authority(), chain.data(), count,
                                                         nullptr, 0, 0, &status, nullptr);
  if (failure == 0 && status == 0) return {};
  return Error(Errc::untrusted,
               "the peer's certificate does not chain to the certificate authority asked for");
}

bool GnutlsSession::early() const {
  gnutls_datum_t chosen{};
  if (gnutls_alpn_get_selected_protocol(session_, &chosen) != 0) return false;
  return std::string_view(reinterpret_cast<const char*>(chosen.data), chosen.size) == kEarlyAlpn;
}

Result<NodeId> GnutlsSession::peer_key() const {
  unsigned count = 0;
  const gnutls_datum_t* certificates = gnutls_certificate_get_peers(session_, &count);
  if (certificates == nullptr || count == 0) return Error(Errc::untrusted, "the peer showed no certificate");
  DCDN_TRY(const CertificatePointer leaf, parse_certificate(certificates[0]));
  if (credentials_->authority() != nullptr) DCDN_CHECK(check_chain(certificates, count));
  return key_of(leaf.get());
}

std::vector<std::string> GnutlsSession::peer_names() const {
  constexpr std::size_t kLongest = 1024;
  std::vector<std::string> names;
  unsigned count = 0;
  const gnutls_datum_t* certificates = gnutls_certificate_get_peers(session_, &count);
  if (certificates == nullptr || count == 0) return names;
  const auto leaf = parse_certificate(certificates[0]);
  if (!leaf) return names;
  for (unsigned i = 0; i < kMostNames; ++i) {
    std::array<char, kLongest> name;
    std::size_t size = name.size();
    const int kind = gnutls_x509_crt_get_subject_alt_name(leaf->get(), i, name.data(), &size, nullptr);
    if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
    if (kind == GNUTLS_SAN_URI) names.emplace_back(name.data(), size);
  }
  return names;
}

}  // namespace dcdn::net
