#include "node/peer_trust.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "base/unique_fd.hpp"
#include "trust/audit_log.hpp"
#include "trust/known_peers.hpp"

namespace dcdn::node {

namespace {

constexpr std::size_t kMaxCertificateBytes = 64u << 10;
constexpr std::size_t kMostRefusalsTold = 100;

std::function<Result<void>(const NodeId&)> must_be(const NodeId& expected, const std::string& address,
                                                   const std::string& why) {
  return [expected, address, why](const NodeId& id) -> Result<void> {
    if (id == expected) return {};
    return Error(Errc::untrusted,
                 address + " has the key " + sign::to_text(id) + ", not " + sign::to_text(expected) + why);
  };
}

/// Who may connect: to send, or to bring what others signed.
std::set<NodeId> connectable(const sign::Keyring& ring) {
  std::set<NodeId> keys = ring.allowed(sign::kScopeSend);
  keys.merge(ring.allowed(sign::kScopeRelay));
  return keys;
}

/// Also the key that has taken the place of a named one meanwhile.
bool is_named(const sign::Keyring& ring, const std::set<NodeId>& named, const NodeId& id) {
  return std::any_of(named.begin(), named.end(), [&](const NodeId& name) {
    const auto now = ring.current(name);
    return now && *now == id;
  });
}

}  // namespace

Result<net::PeerPolicy> peer_policy(const Home& home, const PeerChoice& choice, const sign::Keyring& keyring,
                                    std::function<void(const std::string&)> warn) {
  const std::string& address = choice.address;
  net::PeerPolicy policy;
  policy.ca_file = choice.ca_file;
  if (choice.insecure) {
    policy.check = [address, warn](const NodeId& id) -> Result<void> {
      warn(address + ": not authenticated (--insecure), it says it is " + sign::to_text(id));
      return {};
    };
    return policy;
  }
  if (!choice.expected.empty()) {
    DCDN_TRY(const NodeId expected, keyring.find(choice.expected));
    policy.check = must_be(expected, address, " as --peer-id says");
    return policy;
  }
  DCDN_TRY(const auto known, trust::find_known_peer(home, address));
  if (known) {
    DCDN_TRY(const NodeId expected, keyring.current(*known));
    policy.check = must_be(
        expected, address,
        " as in " + home.known_peers_path() + ": somebody may be pretending to be it, or it has a new key");
  } else if (!choice.ca_file.empty()) {
    policy.check = [](const NodeId&) -> Result<void> { return {}; };  // the chain is checked by the transport
  } else if (choice.trust_on_first_use) {
    policy.check = [home, address, warn](const NodeId& id) -> Result<void> {
      warn(address + ": remembered as " + sign::to_text(id));
      return trust::add_known_peer(home, address, id);
    };
  } else {
    policy.check = [address](const NodeId& id) -> Result<void> {
      return Error(Errc::untrusted, address + " is not known; it has the key " + sign::to_text(id))
          .with_hint("if that is the id its owner told you: --peer-id " + sign::to_text(id) +
                     "; to trust it unseen and remember it: --accept-new");
    };
  }
  return policy;
}

Result<net::PeerPolicy> sender_policy(const std::vector<std::string>& allow, bool allow_any,
                                      const std::shared_ptr<const trust::TrustLedger>& ledger,
                                      const std::string& ca_file) {
  net::PeerPolicy policy;
  policy.ca_file = ca_file;
  std::set<NodeId> named;
  for (const std::string& given : allow) {
    DCDN_TRY(const NodeId id, ledger->ring().find(given));
    named.insert(id);
  }
  const bool anybody = allow_any || (!ca_file.empty() && allow.empty());
  if (!anybody && named.empty() && connectable(ledger->ring()).empty())
    return Error(Errc::usage, "nobody is allowed to send here")
        .with_hint("--allow ID for each sender (dcdn-sign id shows it), or dcdn-sign trust add NAME ID");
  policy.check = [named, anybody, ledger,
                  refused = std::make_shared<std::set<NodeId>>()](const NodeId& id) -> Result<void> {
    const sign::Keyring& ring = ledger->ring();
    const auto now = ring.current(id);
    const bool in_use = now && *now == id;
    if (in_use && (anybody || is_named(ring, named, id) || (named.empty() && connectable(ring).contains(id))))
      return {};
    const std::string why =
        !now     ? now.error().message
        : in_use ? "the receiver does not allow the key " + sign::to_text(id)
                 : "the key " + sign::to_text(id) + " has been replaced by " + sign::to_text(*now);
    // Once for each key: strangers must not fill the log.
    if (refused->size() < kMostRefusalsTold && refused->insert(id).second) {
      ledger->warn()("refused a sender with the key " + sign::to_text(id) +
                     (in_use ? ", which is not allowed" : ": " + why));
      trust::audit(ledger->home(),
                   {trust::kAuditReject, {{"what", "connection"}, {"key", sign::to_text(id)}, {"why", why}}},
                   ledger->warn());
    }
    return Error(Errc::untrusted, why);
  };
  return policy;
}

Result<net::Identity> transport_identity(const sign::SecretKey& key, const std::string& cert_file) {
  net::Identity identity;
  DCDN_TRY(identity.key_pem, key.to_pem(std::nullopt));
  if (!cert_file.empty()) {
    DCDN_TRY(identity.cert_pem, read_file(cert_file, kMaxCertificateBytes));
  }
  return identity;
}

}  // namespace dcdn::node
