// quic_connection.hpp - one ngtcp2 connection, client or server, driven by whoever owns the UDP socket.
//
// Path     datagrams come in by receive(), what ngtcp2 makes of them goes out as events at once; everything
//          we want to say is queued and written by flush(), at most once a turn of the loop.
// Source   RFC 9000, 9001, 9002; ngtcp2 (quic_library.hpp)
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <vector>

#include "net/alarm.hpp"
#include "net/closing.hpp"
#include "net/coded_side.hpp"
#include "net/connection_owner.hpp"
#include "net/event_gate.hpp"
#include "net/outbox.hpp"
#include "net/packet_writer.hpp"
#include "net/quic_engine.hpp"
#include "net/quic_setup.hpp"
#include "net/stream_book.hpp"

namespace dcdn::net {

class QuicConnection final : public Connection, public std::enable_shared_from_this<QuicConnection> {
 public:
  using Ready = std::function<void(Result<void>)>;

  static Result<std::shared_ptr<QuicConnection>> make_client(asio::any_io_executor executor, QuicSetup setup);
  static Result<std::shared_ptr<QuicConnection>> make_server(asio::any_io_executor executor, QuicSetup setup,
                                                             const FirstPacket& first);
  QuicConnection(asio::any_io_executor executor, QuicSetup setup);

  /// Called once: both sides accepted each other, or how that failed.
  void set_ready(Ready ready) { ready_ = std::move(ready); }
  /// What users hold: when the last copy goes, the connection is closed.
  [[nodiscard]] ConnectionPtr handle();
  void receive(ByteView datagram, const SocketAddress& local, const SocketAddress& remote);
  /// A datagram of the coded carrier, from whatever address: what is in it proves itself. False: it is not
  /// one of this connection.
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
  /// Its handshake is not wanted any more, or has to make room for others: the peer is told, and the
  /// connection is gone.
  void give_up();
  /// The owner goes away.
  void detach();
  [[nodiscard]] const std::vector<ConnectionId>& ids() const { return ids_; }

  // Connection
  [[nodiscard]] const NodeId& peer() const override { return peer_; }
  [[nodiscard]] std::string peer_address() const override;
  void set_events(ConnectionEvents* events) override;
  [[nodiscard]] std::string local_address() const override { return setup_.local.host_text(); }
  Result<void> use_interface(const std::string& name) override;
  Result<StreamId> open_bidirectional() override { return open_stream(false); }
  Result<StreamId> open_unidirectional() override { return open_stream(true); }
  void send(StreamId id, Buffer bytes, bool fin) override;
  [[nodiscard]] std::size_t queued_bytes() const override {
    return streams_.queue().unsent_bytes() + coded_.queued_bytes();
  }
  Result<void> start_coded(double bytes_per_s) override;
  [[nodiscard]] bool coded() const override { return coded_.is_started(); }
  [[nodiscard]] bool begins_early() const override { return coded_.is_early(); }
  Result<StreamId> open_bulk(bool critical) override;
  void consume(StreamId id, std::size_t bytes) override;
  void reset_stream(StreamId id, std::uint64_t code) override;
  void close(std::uint64_t code, const std::string& reason) override;
  [[nodiscard]] bool closed() const override { return !is_live() || closing_.wanted().has_value(); }
  [[nodiscard]] ConnectionStats stats() const override;

 private:
  friend struct QuicCallbacks;
  enum class Phase { handshaking, open, closing, gone };

  [[nodiscard]] bool is_live() const { return phase_ == Phase::handshaking || phase_ == Phase::open; }
  void schedule_flush();
  void set_alarm(ngtcp2_tstamp now);
  void on_alarm();
  Sent send_now(DatagramBatch& batch);
  Result<StreamId> open_stream(bool unidirectional);
  Result<void> listen_to_coded(double bytes_per_s);
  [[nodiscard]] ConnectionStats path_stats() const;
  void tell_writable();
  // What ngtcp2 tells.
  void learn_peer();
  void path_validated(const ngtcp2_path& path);
  void packet_too_long(const TooLong& told);
  // How it begins and ends.
  void settle(int failure);
  void announce_ready();
  void fail(int failure);
  void close_now(const CloseInfo& said);
  void close_said(CloseInfo info);
  void finish(const CloseInfo& info);
  void send_close_packet();
  void vanish();

  asio::any_io_executor executor_;
  QuicSetup setup_;
  QuicEngine engine_;
  Alarm alarm_;
  Phase phase_ = Phase::handshaking;
  Ready ready_;
  bool ready_now_ = false;  // for whoever waits: see PeerPolicy::before_accepted
  NodeId peer_{};
  std::vector<ConnectionId> ids_;
  EventGate gate_;
  StreamBook streams_;
  Outbox outbox_;
  CodedSide coded_;
  PacketWriter writer_;
  Closing closing_;
  ConnectionStats path_at_end_;
  std::size_t queued_high_ = 0;  // most bytes queued since on_writable was last considered
  bool flush_posted_ = false;
  bool in_turn_ = false;  // a flush follows anyway
};

}  // namespace dcdn::net
