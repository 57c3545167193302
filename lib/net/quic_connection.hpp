// quic_connection.hpp - one ngtcp2 connection, client or server, driven by whoever owns the UDP socket.
//
// Path     datagrams come in by receive(), what ngtcp2 makes of them goes out as events at once; everything
// we want to
//          say is queued and written by flush(), at most once a turn of the loop.
// Source   RFC 9000, 9001, 9002; ngtcp2 0.12
#pragma once
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "net/coded_carrier.hpp"
#include "net/connection.hpp"
#include "net/connection_id.hpp"
#include "net/datagram_repeats.hpp"
#include "net/event_gate.hpp"
#include "net/gnutls_session.hpp"
#include "net/pacer.hpp"
#include "net/quic_options.hpp"
#include "net/send_queue.hpp"
#include "net/udp_socket.hpp"

namespace dcdn::net {

class QuicConnection;

/// The endpoint a connection lives on.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual UdpSocket& socket() = 0;
  virtual void add_id(const ConnectionId& id, QuicConnection& connection) = 0;
  virtual void remove_id(const ConnectionId& id) = 0;
  /// Datagrams of the coded carrier with this token are the connection's, until forget().
  virtual void add_token(std::uint32_t token, QuicConnection& connection) = 0;
  /// socket_writable() is to be called when the socket takes datagrams again.
  virtual void wait_writable(QuicConnection& connection) = 0;
  /// The connection no longer counts; it only answers late packets until forget().
  virtual void ended(QuicConnection& connection) = 0;
  virtual void forget(QuicConnection& connection) = 0;
  virtual Result<void> use_interface(const std::string& name) {
    return Error(Errc::unsupported, "only who connects can choose the interface: " + name);
  }
};

/// What both sides start from.
struct QuicSetup {
  asio::any_io_executor executor;
  QuicOptions options;
  PeerPolicy policy;
  std::shared_ptr<const TlsCredentials> credentials;
  ConnectionOwner* owner = nullptr;
  SocketAddress local;
  SocketAddress remote;
};

/// The client's first packet, as the listener decoded it.
struct FirstPacket {
  ngtcp2_pkt_hd header{};
  std::optional<ngtcp2_cid> original_id;  ///< set if `header` answers a Retry packet
};

class QuicConnection final : public Connection, public std::enable_shared_from_this<QuicConnection> {
 public:
  using Ready = std::function<void(Result<void>)>;

  static Result<std::shared_ptr<QuicConnection>> make_client(QuicSetup setup);
  static Result<std::shared_ptr<QuicConnection>> make_server(QuicSetup setup, const FirstPacket& first);
  explicit QuicConnection(QuicSetup setup, Side side);
  ~QuicConnection() override;

  /// Called once: both sides accepted each other, or how that failed.
  void set_ready(Ready ready) { ready_ = std::move(ready); }
  /// What users hold: when the last copy goes, the connection is closed.
  [[nodiscard]] ConnectionPtr handle();
  void receive(ByteView datagram, const SocketAddress& local, const SocketAddress& remote);
  /// A datagram of the coded carrier, from whatever address: what is in it proves itself. False: it is not
  /// one of this connection. Its first byte alone does not tell, as ngtcp2 greases QUIC's fixed bit (RFC
  /// 9287); the token does.
  bool receive_coded(ByteView datagram);
  /// Writes what there is to write: after a round of receive(), and once by the client to begin.
  void flush();
  void socket_writable();
  /// The kernel says that nobody listens at the peer's address.
  void peer_refused();
  /// Client: go on from another local address of this machine, by a migration that the peer validates (RFC
  /// 9000 section 9). error temporary: not now (the handshake is not confirmed, or no fresh connection id is
  /// here).
  Result<void> migrate(const SocketAddress& local);
  /// The owner goes away.
  void detach();
  [[nodiscard]] const std::vector<ConnectionId>& ids() const { return ids_; }
  [[nodiscard]] bool handshaking() const { return phase_ == Phase::handshaking; }

  // Connection
  [[nodiscard]] const NodeId& peer() const override { return peer_; }
  [[nodiscard]] std::string peer_address() const override;
  void set_events(ConnectionEvents* events) override;
  [[nodiscard]] std::string local_address() const override { return setup_.local.host_text(); }
  Result<void> use_interface(const std::string& name) override;
  Result<StreamId> open_bidirectional() override;
  Result<StreamId> open_unidirectional() override;
  void send(StreamId id, Buffer bytes, bool fin) override;
  [[nodiscard]] std::size_t queued_bytes() const override {
    return queue_.unsent_bytes() + (coded_ ? coded_->queued_bytes() : 0);
  }
  Result<void> start_coded(double bytes_per_s) override;
  [[nodiscard]] bool coded() const override { return bulk_is_coded_; }
  [[nodiscard]] bool begins_early() const override { return early_; }
  Result<StreamId> open_bulk(bool critical) override;
  void consume(StreamId id, std::size_t bytes) override;
  void reset_stream(StreamId id, std::uint64_t code) override;
  void close(std::uint64_t code, const std::string& reason) override;
  [[nodiscard]] bool closed() const override { return !is_live() || close_wanted_.has_value(); }
  [[nodiscard]] ConnectionStats stats() const override;

 private:
  friend struct QuicCallbacks;
  enum class Phase { handshaking, open, closing, gone };
  enum class Wrote { nothing_left, more, stopped };
  struct FreeConn {
    void operator()(ngtcp2_conn* conn) const { ngtcp2_conn_del(conn); }
  };
  struct WantedClose {
    std::uint64_t code;
    std::string reason;
  };
  struct WantedReset {
    StreamId id;
    std::uint64_t code;
  };
  struct UnsentBatch {
    Bytes bytes;
    DatagramBatch batch;  // its view is of `bytes`
  };

  // quic_connection.cpp
  [[nodiscard]] bool is_live() const { return phase_ == Phase::handshaking || phase_ == Phase::open; }
  Result<void> start_tls(Side side);
  [[nodiscard]] SocketAddress remote_now() const;
  void schedule_flush();
  void apply_resets();
  void arm_timer();
  void on_timer();
  Result<StreamId> open_stream(bool unidirectional);
  // quic_callbacks.cpp
  void learn_peer();
  void stream_over(StreamId id, std::optional<std::uint64_t> code);
  void incoming_over(StreamId id);
  // quic_writer.cpp
  Wrote write_batch();
  ngtcp2_ssize write_packet(std::uint8_t* into, ngtcp2_path* path, ngtcp2_tstamp now);
  [[nodiscard]] std::uint64_t bytes_in_flight() const;
  void pace(std::uint64_t in_flight_before, ngtcp2_tstamp now);
  void queue_datagrams(DatagramBatch batch);
  void tell_writable();
  // quic_repeats.cpp
  struct Copies {
    int at_once = 1;
    unsigned later = 0;
    ngtcp2_duration gap = 0;
  };
  [[nodiscard]] std::uint64_t allowance() const;
  [[nodiscard]] Copies copies_of(ByteView bytes, std::size_t segment, bool asks) const;
  void hand_over(ByteView bytes, std::size_t segment, const ngtcp2_path& path, bool asks);
  void count_and_queue(const DatagramBatch& batch);
  void repeat_turn();
  // quic_coded.cpp
  Result<void> make_coded(double bytes_per_s);
  bool send_coded(ByteView bytes, std::size_t segment);
  void path_validated(const ngtcp2_path& path);
  void ask_in_hold();
  void coded_turn();
  // quic_closing.cpp
  void settle(int failure);
  void announce_ready();
  void fail(int failure);
  void close_with(const ngtcp2_connection_close_error& close, CloseInfo info);
  void finish(CloseInfo info);
  void peer_closed();
  void send_close_packet();
  void linger();
  void vanish();

  QuicSetup setup_;
  Side side_;
  ngtcp2_crypto_conn_ref reference_{};
  std::unique_ptr<GnutlsSession> tls_;
  std::unique_ptr<ngtcp2_conn, FreeConn> conn_;
  asio::steady_timer timer_;
  ngtcp2_tstamp armed_for_ = UINT64_MAX;
  Phase phase_ = Phase::handshaking;
  Ready ready_;
  EventGate gate_;
  NodeId peer_{};
  SendQueue queue_;
  std::set<StreamId> incoming_;  // the peer's open unidirectional streams: at most max_streams
  std::vector<ConnectionId> ids_;
  std::uint64_t incoming_total_ = 0;
  std::set<StreamId> given_up_;  // open streams whose reset is no news: ours, or told already
  std::vector<WantedReset> resets_;
  std::optional<WantedClose> close_wanted_;
  std::optional<Error> refusal_;  // why the policy does not want this peer
  std::vector<UnsentBatch> unsent_;
  Bytes close_packet_;
  std::uint64_t packets_while_closing_ = 0;
  Pacer pacer_;
  std::size_t max_payload_ = 0;
  ConnectionStats stats_;
  unsigned refusals_in_a_row_ = 0;
  std::size_t queued_high_ = 0;  // most bytes queued since on_writable was last considered
  static constexpr coded::Seconds kNever = 1e18;
  std::unique_ptr<CodedCarrier> coded_;
  std::optional<SocketAddress> validated_;  // the peer's address that QUIC has validated last
  DatagramRepeats repeats_;
  asio::steady_timer repeat_timer_;
  ngtcp2_tstamp repeat_armed_for_ = UINT64_MAX;
  asio::steady_timer coded_timer_;
  coded::Seconds coded_armed_for_ = kNever;
  bool early_ = false;          // dcdn/1.1 was chosen
  bool bulk_is_coded_ = false;  // by start_coded(); the carrier listens before that if early_
  bool asks_in_hold_ = false;
  bool flush_posted_ = false;
  bool in_turn_ = false;    // a flush follows anyway
  bool ready_now_ = false;  // for whoever waits: see PeerPolicy::before_accepted
  bool streams_granted_ = false;
  bool reset_by_peer_ = false;
};

/// Nanoseconds of the steady clock, as ngtcp2 counts.
ngtcp2_tstamp quic_now();

}  // namespace dcdn::net
