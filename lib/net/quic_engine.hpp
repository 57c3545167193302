// quic_engine.hpp - what ngtcp2 and GnuTLS keep of one connection: its protocol state and its TLS session.
//
// Source   RFC 9000, 9001, 9002; ngtcp2 (quic_library.hpp)
#pragma once

#include <memory>
#include <optional>

#include "net/connection.hpp"
#include "net/probe_timeouts.hpp"
#include "net/quic_library.hpp"
#include "net/quic_setup.hpp"

namespace dcdn::net {

class QuicConnection;

/// The client's first packet, as the listener decoded it.
struct FirstPacket {
  ngtcp2_pkt_hd header{};
  std::optional<ngtcp2_cid> original_id;  ///< set if `header` answers a Retry packet
};

/// A connection id of that many random bytes.
ngtcp2_cid random_id(std::size_t size);

class QuicEngine {
 public:
  /// Runs nothing: before the connection is made, and after its end.
  QuicEngine() = default;
  /// The callbacks tell `connection` (quic_callbacks.hpp). error internal.
  static Result<QuicEngine> client(const QuicSetup& setup, QuicConnection& connection);
  /// `ours`: the id that the client shall call us by.
  static Result<QuicEngine> server(const QuicSetup& setup, const FirstPacket& first, const ngtcp2_cid& ours,
                                   QuicConnection& connection);
  void end();

  [[nodiscard]] bool runs() const { return conn_ != nullptr; }
  [[nodiscard]] ngtcp2_conn* conn() const { return conn_.get(); }
  [[nodiscard]] const GnutlsSession& tls() const { return *tls_; }
  /// A datagram came in. These two give 0 or ngtcp2's error.
  int read(ByteView datagram, SocketAddress local, SocketAddress remote);
  int migrate(SocketAddress local, SocketAddress remote);
  /// Where packets of QUIC go now.
  [[nodiscard]] SocketAddress remote() const;
  [[nodiscard]] ngtcp2_conn_info state() const;
  /// Probe timeouts since the peer last acknowledged something. To be asked before each turn that sends.
  unsigned timeouts(ngtcp2_tstamp now);
  [[nodiscard]] std::uint64_t bytes_in_flight() const { return state().bytes_in_flight; }
  void set_keep_alive(std::chrono::milliseconds every);
  /// Sets what it knows of the path.
  void count(ConnectionStats& stats) const;

 private:
  struct FreeConn {
    void operator()(ngtcp2_conn* conn) const { ngtcp2_conn_del(conn); }
  };
  Result<void> start_tls(const QuicSetup& setup);

  [[nodiscard]] unsigned count_timeouts(ngtcp2_tstamp now) const;

  ProbeTimeouts timeouts_;
  std::unique_ptr<GnutlsSession> tls_;
  std::unique_ptr<ngtcp2_conn, FreeConn> conn_;
};

}  // namespace dcdn::net
