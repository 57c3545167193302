// quic_options.hpp - who we are and whom we talk to; the tunables are dcdn/transport.hpp.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "dcdn/transport.hpp"

namespace dcdn::net {

using QuicOptions = TransportOptions;

/// Who we are: the node's key, and a certificate over it (empty: self-signed, made on the fly).
struct Identity {
  Bytes key_pem;   ///< PKCS#8, not encrypted (lives in memory only)
  Bytes cert_pem;  ///< optional
  /// Names of the kind URI that the self-signed certificate gets: what the key's owner says about it.
  std::vector<std::string> names = {};
};

inline constexpr unsigned kMostNames = 64;

/// Whom we talk to. Called once the peer has proved that it holds its key; an error closes the connection and
/// its message reaches the peer as the close reason.
struct PeerPolicy {
  std::function<Result<void>(const NodeId&)> check;  ///< must be set
  /// Told before check, if it is set: the peer's key, and the names of the kind URI in its certificate, at
  /// most kMostNames. Whoever makes a certificate may write anything there.
  std::function<void(const NodeId&, const std::vector<std::string>&)> learn = {};
  std::string ca_file;  ///< non-empty: the certificate must chain to it as well
  /// connect(): the connection is handed out as soon as the peer has proved itself, a round trip before it
  /// has accepted us. Its refusal then comes by on_closed.
  bool before_accepted = false;
};

}  // namespace dcdn::net
