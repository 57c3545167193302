// known_peers.hpp - which key answered at which address (dcdn-send(1), AUTHENTICATION).
//
// Threads  any; processes that change the file at the same time take turns.
#pragma once
#include <optional>
#include <string>

#include "dcdn/bytes.hpp"
#include "dcdn/home.hpp"

namespace dcdn::trust {

/// The node id last accepted for this address ("host:port", as the user wrote it). error config: names file
/// and line; permission: others may write the file.
Result<std::optional<NodeId>> find_known_peer(const Home& home, const std::string& address);
/// Remembers it, in place of what was remembered for this address, under the lock of the folder. error usage:
/// no address that a line can hold; as find_known_peer; io.
Result<void> add_known_peer(const Home& home, const std::string& address, const NodeId& id);

}  // namespace dcdn::trust
