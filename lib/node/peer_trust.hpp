// peer_trust.hpp - which key a destination may show, and whom a receiver lets in (dcdn-send(1),
// AUTHENTICATION; dcdn-recv(1)).
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "net/quic_options.hpp"
#include "sign/ed25519.hpp"
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

/// Whether a peer is trusted, by what is known at the moment. error untrusted: its message is for the peer.
using Verdict = std::function<Result<void>(const NodeId&)>;

/// Both ask the ledger each time, so that a key that is added, removed, replaced or revoked meanwhile counts.
struct PeerRules {
  net::PeerPolicy policy;  ///< for handshakes: looks at the files of the home first, and tells of refusals
  Verdict verdict;         ///< for a connection that stands
};

/// Sender: the rule for a destination, the first that applies: --insecure; the id from --peer-id; the id
/// remembered in known_peers; --ca alone; --accept-new (remembers); else refused with a hint that shows the
/// id. error: as Keyring::find and find_known_peer.
Result<PeerRules> peer_rules(const PeerChoice& choice, const std::shared_ptr<trust::TrustLedger>& ledger);

/// Receiver: --allow names and ids, or every trusted key, or anybody. Of several that are named, those that
/// are revoked are told to the ledger's `warn`. error usage: nobody could ever send; untrusted: all are
/// revoked; as Keyring::find.
Result<PeerRules> sender_rules(const std::vector<std::string>& allow, bool allow_any,
                               const std::shared_ptr<trust::TrustLedger>& ledger, const std::string& ca_file);

/// Key, certificate and the chain of rotations that led to the key, as the transport wants them.
Result<net::Identity> transport_identity(const sign::SecretKey& key, const std::string& cert_file,
                                         const sign::KeyHistory& history);

}  // namespace dcdn::node
