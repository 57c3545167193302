// quic_callbacks.hpp - what ngtcp2 tells a connection.
#pragma once

#include "net/gnutls_session.hpp"
#include "net/quic_library.hpp"

namespace dcdn::net {

/// User data is the QuicConnection. Nothing it calls suspends or writes a packet: that waits for flush().
ngtcp2_callbacks callbacks_for(Side side);

}  // namespace dcdn::net
