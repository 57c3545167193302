// connect.hpp - makes a connection to a listener somewhere else.
#pragma once
#include <string>

#include "net/connection.hpp"
#include "net/quic_options.hpp"
#include "net/task.hpp"

namespace dcdn::net {

/// Resolves (every address is tried), connects, does the handshake, asks the policy. `interface`: the name of
/// the one to use, wherever the routes point; empty: as they point.
/// error unreachable (does not resolve, nothing answers within handshake_timeout), untrusted (either side
/// refuses the other's key; message tells which), temporary.
Task<ConnectionPtr> connect(asio::any_io_executor executor, std::string address, QuicOptions options,
                            Identity identity, PeerPolicy policy, std::string interface = {});

}  // namespace dcdn::net
