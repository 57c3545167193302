#include "api/peer_trust.hpp"

#include <memory>
#include <set>

#include "api/key_store.hpp"
#include "base/unique_fd.hpp"

namespace dcdn::api {

namespace {

constexpr std::size_t kMaxCertificateBytes = 64u << 10;
constexpr std::size_t kMostRefusalsTold = 100;

std::function<Result<void>(const NodeId&)> must_be(const NodeId& expected, const std::string& address,
                                                   const std::string& why) {
  return [expected, address, why](const NodeId& id) -> Result<void> {
    if (id == expected) return {};
    return Error(Errc::untrusted,
                 address + " has the key " + to_text(id) + ", not " + to_text(expected) + why);
  };
}

}  // namespace

Result<net::PeerPolicy> peer_policy(const SendOptions& options, std::size_t destination,
                                    const Keyring& keyring, std::function<void(const std::string&)> warn) {
  const std::string address = options.destinations[destination];
  net::PeerPolicy policy;
  policy.ca_file = options.ca_file;
  if (options.insecure) {
    policy.check = [address, warn](const NodeId& id) -> Result<void> {
      warn(address + ": not authenticated (--insecure), it says it is " + to_text(id));
      return {};
    };
    return policy;
  }
  if (!options.peer_ids.empty()) {
    const std::string& given = options.peer_ids[options.peer_ids.size() == 1 ? 0 : destination];
    DCDN_TRY(const NodeId expected, keyring.find(given));
    policy.check = must_be(expected, address, " as --peer-id says");
    return policy;
  }
  DCDN_TRY(const auto known, find_known_peer(options.home, address));
  if (known) {
    policy.check = must_be(*known, address,
                           " as in " + options.home.known_peers_path() +
                               ": somebody may be pretending to be it, or it has a new key");
  } else if (!options.ca_file.empty()) {
    policy.check = [](const NodeId&) -> Result<void> { return {}; };  // the chain is checked by the transport
  } else if (options.trust_on_first_use) {
    policy.check = [home = options.home, address, warn](const NodeId& id) -> Result<void> {
      warn(address + ": remembered as " + to_text(id));
      return add_known_peer(home, address, id);
    };
  } else {
    policy.check = [address](const NodeId& id) -> Result<void> {
      return Error(Errc::untrusted, address + " is not known; it has the key " + to_text(id))
          .with_hint("if that is the id its owner told you: --peer-id " + to_text(id) +
                     "; to trust it unseen and remember it: --accept-new");
    };
  }
  return policy;
}

Result<net::PeerPolicy> sender_policy(const std::vector<std::string>& allow, bool allow_any,
                                      const Keyring& keyring, const std::string& ca_file,
                                      std::function<void(const std::string&)> warn) {
  net::PeerPolicy policy;
  policy.ca_file = ca_file;
  std::set<NodeId> allowed;
  for (const std::string& given : allow) {
    DCDN_TRY(const NodeId id, keyring.find(given));
    allowed.insert(id);
  }
  if (allow.empty()) {
    for (const TrustedKey& key : keyring.keys()) allowed.insert(key.key);
  }
  if (allow_any || (!ca_file.empty() && allow.empty())) {
    policy.check = [](const NodeId&) -> Result<void> { return {}; };
    return policy;
  }
  if (allowed.empty())
    return Error(Errc::usage, "nobody is allowed to send here")
        .with_hint("--allow ID for each sender (dcdn-sign id shows it), or dcdn-sign trust add NAME ID");
  policy.check = [allowed, warn,
                  refused = std::make_shared<std::set<NodeId>>()](const NodeId& id) -> Result<void> {
    if (allowed.contains(id)) return {};
    // Once for each key: strangers must not fill the log.
    if (refused->size() < kMostRefusalsTold && refused->insert(id).second)
      warn("refused a sender with the key " + to_text(id) + ", which is not allowed");
    return Error(Errc::untrusted, "the receiver does not allow the key " + to_text(id));
  };
  return policy;
}

Result<net::Identity> transport_identity(const SecretKey& key, const std::string& cert_file) {
  net::Identity identity;
  DCDN_TRY(identity.key_pem, key.to_pem(std::nullopt));
  if (!cert_file.empty()) {
    DCDN_TRY(identity.cert_pem, read_file(cert_file, kMaxCertificateBytes));
  }
  return identity;
}

}  // namespace dcdn::api
