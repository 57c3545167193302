// peer_trust.hpp - which key a destination may show (dcdn-send(1), AUTHENTICATION).
#pragma once
#include <functional>
#include <string>

#include "dcdn/home.hpp"
#include "net/quic_options.hpp"
#include "sign/ed25519.hpp"
#include "sign/keyring.hpp"
#include "trust/trust_ledger.hpp"

namespace dcdn::node {

/// What the user said about one peer that we connect to.
struct PeerChoice {
  std::string address;              ///< as the user wrote it
  std::string expected;             ///< node id or trusted name; empty: none was given
  std::string ca_file;              ///< empty: none
  bool insecure = false;            ///< anybody may answer
  bool trust_on_first_use = false;  ///< who answers first is remembered
};

/// The policy for it, first rule that applies: --insecure; the id from --peer-id; the id remembered in
/// known_peers; --ca alone; --accept-new (remembers); else refused with a hint that shows the id.
Result<net::PeerPolicy> peer_policy(const Home& home, const PeerChoice& choice, const sign::Keyring& keyring,
                                    std::function<void(const std::string&)> warn);

/// Receiver: --allow names and ids, or every trusted key, or anybody. error usage: nobody could ever send.
/// The ledger's `warn` and the audit log are told of each key that was refused, once.
/// Asked for each connection, so that a key that is revoked meanwhile is refused.
Result<net::PeerPolicy> sender_policy(const std::vector<std::string>& allow, bool allow_any,
                                      const std::shared_ptr<const trust::TrustLedger>& ledger,
                                      const std::string& ca_file);

/// Key and certificate as the transport wants them.
Result<net::Identity> transport_identity(const sign::SecretKey& key, const std::string& cert_file);

}  // namespace dcdn::node
