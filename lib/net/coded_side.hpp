// coded_side.hpp - the coded carrier beside a QUIC connection: whether it runs, which path its packets take,
// and when. Its hooks and its time are the connection's.
//
// Spec     dcdn-session(5), BEGINNING AT ONCE, CODED CARRIER
#pragma once
#include <memory>
#include <optional>

#include "net/coded_carrier.hpp"
#include "net/event_gate.hpp"
#include "net/outbox.hpp"
#include "net/quic_engine.hpp"

namespace dcdn::net {

class CodedSide {
 public:
  CodedSide(const QuicSetup& setup, QuicEngine& engine, EventGate& gate, Outbox& outbox)
      : setup_(setup), engine_(engine), gate_(gate), outbox_(outbox) {}

  /// From now on the peer's packets are taken. bytes_per_s: as Connection::start_coded(). error internal.
  Result<void> listen(double bytes_per_s, coded::Seconds round_trip);
  [[nodiscard]] bool listens() const { return carrier_ != nullptr; }
  /// The peer's packets carry it.
  [[nodiscard]] std::uint32_t token() const { return carrier_->token(); }
  /// From now on bulk goes by it.
  void start(double bytes_per_s);
  [[nodiscard]] bool is_started() const { return is_started_; }
  /// dcdn/1.1 was chosen: the carrier listens before start().
  void set_early(bool early) { early_ = early; }
  [[nodiscard]] bool is_early() const { return early_; }

  // Streams, as those of CodedCarrier; before listen() there are none.
  StreamId open(bool critical) { return carrier_->open(critical); }
  void push(StreamId id, Buffer bytes, bool fin);
  void drop(StreamId id);
  void consumed(std::size_t bytes);
  [[nodiscard]] std::size_t queued_bytes() const { return carrier_ ? carrier_->queued_bytes() : 0; }

  /// Its first byte alone does not tell, as ngtcp2 greases QUIC's fixed bit (RFC 9287); the token does.
  [[nodiscard]] bool is_for_us(ByteView datagram) const;
  /// Whether it is the peer's, and new. error corrupt: the peer breaks the rules.
  Result<bool> receive(ByteView datagram, ngtcp2_tstamp now);
  /// QUIC has validated an address of the peer.
  void path_validated(const SocketAddress& remote) { validated_ = remote; }
  /// Sends what is due.
  void turn(ngtcp2_tstamp now);
  /// When turn() is to be called next; kNever: after something was pushed or received, or the socket takes
  /// datagrams again.
  [[nodiscard]] ngtcp2_tstamp due(ngtcp2_tstamp now) const;

  /// As CodedCarrier::is_worn_out().
  [[nodiscard]] bool is_worn_out() const { return carrier_ && carrier_->is_worn_out(); }
  /// Share of packets that get lost; 0 before listen().
  [[nodiscard]] double loss() const { return carrier_ ? carrier_->loss() : 0; }
  /// Adds what the carrier did.
  void count(ConnectionStats& stats) const;

 private:
  bool send(ByteView bytes, std::size_t segment);
  void ask_in_hold();

  const QuicSetup& setup_;
  QuicEngine& engine_;
  EventGate& gate_;
  Outbox& outbox_;
  std::unique_ptr<CodedCarrier> carrier_;
  std::optional<SocketAddress> validated_;  // the peer's address that QUIC has validated last
  bool early_ = false;
  bool is_started_ = false;
  bool asks_in_hold_ = false;
};

}  // namespace dcdn::net
