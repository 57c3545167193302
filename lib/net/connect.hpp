// connect.hpp - makes a connection to a listener somewhere else.
#pragma once
#include <string>

#include "net/connection.hpp"
#include "net/quic_options.hpp"
#include "net/task.hpp"

namespace dcdn::net {

/// Resolves, connects, does the handshake, asks the policy. Every address is tried, a quarter of a second
/// after the one before or when that has failed; who answers first has it. `interface`: the name of the one
/// to use, wherever the routes point; empty: as they point. `first`: the address to begin with, as
/// peer_address() told it of an earlier connection. error unreachable (does not resolve, nothing answers
/// within handshake_timeout), untrusted (either side refuses the other's key; message tells which),
/// temporary.
Task<ConnectionPtr> connect(asio::any_io_executor executor, std::string address, QuicOptions options,
                            Identity identity, PeerPolicy policy, std::string interface = {},
                            std::string first = {});

}  // namespace dcdn::net
