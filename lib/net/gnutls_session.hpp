// gnutls_session.hpp - the TLS 1.3 handshake of one QUIC connection (RFC 9001), both sides with a
// certificate.
#pragma once
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <memory>
#include <string>
#include <vector>

#include "net/tls_credentials.hpp"

namespace dcdn::net {

enum class Side { client, server };

class GnutlsSession {
 public:
  /// `connection` is whose handshake it is; it must outlive the session's handshake. early: dcdn/1.1 will do,
  /// and is preferred to dcdn/1.
  static Result<std::unique_ptr<GnutlsSession>> make(Side side,
                                                     std::shared_ptr<const TlsCredentials> credentials,
                                                     ngtcp2_conn* connection, bool early);
  ~GnutlsSession() { gnutls_deinit(session_); }
  GnutlsSession(const GnutlsSession&) = delete;
  GnutlsSession& operator=(const GnutlsSession&) = delete;

  [[nodiscard]] gnutls_session_t handle() const { return session_; }
  /// After the handshake, when the peer has signed with it: its key. With an authority the chain is checked
  /// too. error untrusted: not an Ed25519 key, or the chain does not lead to the authority.
  [[nodiscard]] Result<NodeId> peer_key() const;
  /// The names of the kind URI in its certificate, up to kMostNames; none if they cannot be read.
  [[nodiscard]] std::vector<std::string> peer_names() const;
  /// After the handshake: both sides speak dcdn/1.1.
  [[nodiscard]] bool early() const;

 private:
  GnutlsSession(std::shared_ptr<const TlsCredentials> credentials, gnutls_session_t session)
      : credentials_(std::move(credentials)), session_(session) {}
  Result<void> set_up(Side side, bool early);
  Result<void> check_chain(const gnutls_datum_t* certificates, unsigned count) const;

  std::shared_ptr<const TlsCredentials> credentials_;
  gnutls_session_t session_;
  ngtcp2_crypto_conn_ref reference_{};  // what the library gives ngtcp2's callbacks
};

}  // namespace dcdn::net
