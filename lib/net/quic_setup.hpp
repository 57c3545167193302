// quic_setup.hpp - what both sides of a connection start from.
#pragma once
#include <memory>

#include "net/gnutls_session.hpp"
#include "net/quic_options.hpp"
#include "net/socket_address.hpp"

namespace dcdn::net {

class ConnectionOwner;

struct QuicSetup {
  QuicOptions options;
  PeerPolicy policy;
  std::shared_ptr<const TlsCredentials> credentials;
  ConnectionOwner* owner = nullptr;
  SocketAddress local;
  SocketAddress remote;
  Side side = Side::client;
};

}  // namespace dcdn::net
