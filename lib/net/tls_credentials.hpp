// tls_credentials.hpp - our key and certificate, and the authority (if any) that peers must chain to, for
// many sessions.
//
// Source   RFC 8410 (Ed25519 in X.509), RFC 9001; GnuTLS
#pragma once
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <array>
#include <memory>

#include "net/quic_options.hpp"
#include "net/socket_address.hpp"

namespace dcdn::net {

using ResetSecret = std::array<std::uint8_t, 32>;

class TlsCredentials {
 public:
  /// Loads the key, makes a self-signed certificate unless one is given, reads the CA file.
  /// error corrupt (no such PEM), usage (not an Ed25519 key, the certificate is another key's), not_found,
  /// config.
  static Result<std::shared_ptr<const TlsCredentials>> make(const Identity& identity,
                                                            const std::string& ca_file);

  [[nodiscard]] gnutls_certificate_credentials_t handle() const { return credentials_.get(); }
  /// Null when no CA file was given.
  [[nodiscard]] gnutls_x509_trust_list_t authority() const { return authority_.get(); }
  /// What stateless resets are made of by who is called at `local`. Derived from the key: the same after a
  /// restart, so that peers of the old process learn that it is gone. And from the address: another listener
  /// of the key, asked about an id that it does not know, must not give away the token of ours (RFC 9000
  /// section 10.3.2).
  [[nodiscard]] ResetSecret reset_secret(const SocketAddress& local) const;

 private:
  struct FreeCredentials {
    void operator()(gnutls_certificate_credentials_t c) const { gnutls_certificate_free_credentials(c); }
  };
  struct FreeTrustList {
    void operator()(gnutls_x509_trust_list_t list) const { gnutls_x509_trust_list_deinit(list, 1); }
  };
  Result<void> load_identity(const Identity& identity);
  Result<void> load_authority(const std::string& ca_file);

  std::unique_ptr<gnutls_certificate_credentials_st, FreeCredentials> credentials_;
  std::unique_ptr<gnutls_x509_trust_list_st, FreeTrustList> authority_;
  ResetSecret reset_key_{};
};

}  // namespace dcdn::net
