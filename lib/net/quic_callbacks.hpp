// quic_callbacks.hpp - what ngtcp2 tells a connection.
#pragma once
#include <ngtcp2/ngtcp2.h>

#include "net/gnutls_session.hpp"

namespace dcdn::net {

/// User data is the QuicConnection. Nothing it calls suspends or writes a packet: that waits for flush().
ngtcp2_callbacks callbacks_for(Side side);

}  // namespace dcdn::net
