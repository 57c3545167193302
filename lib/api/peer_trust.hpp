// peer_trust.hpp - which key a destination may show (dcdn-send(1), AUTHENTICATION).
#pragma once
#include <functional>
#include <string>

#include "dcdn/send.hpp"
#include "net/quic_options.hpp"
#include "sign/ed25519.hpp"
#include "sign/keyring.hpp"

namespace dcdn::api {

/// The policy for one destination, first rule that applies: --insecure; the id from --peer-id; the id
/// remembered in known_peers; --ca alone; --accept-new (remembers); else refused with a hint that shows the
/// id.
Result<net::PeerPolicy> peer_policy(const SendOptions& options, std::size_t destination,
                                    const Keyring& keyring, std::function<void(const std::string&)> warn);

/// Receiver: --allow names and ids, or every trusted key, or anybody. error usage: nobody could ever send.
/// `warn` is told of each key that was refused, once.
Result<net::PeerPolicy> sender_policy(const std::vector<std::string>& allow, bool allow_any,
                                      const Keyring& keyring, const std::string& ca_file,
                                      std::function<void(const std::string&)> warn);

/// Key and certificate as the transport wants them.
Result<net::Identity> transport_identity(const SecretKey& key, const std::string& cert_file);

}  // namespace dcdn::api
