// closing.hpp - how a connection ends: what is said about it, by us or by the peer, and the time after in
// which late packets are answered.
//
// Source   RFC 9000 sections 10.2 and 20.1; RFC 8446 section 6 (alerts)
#pragma once
#include <optional>

#include "net/datagram.hpp"
#include "net/quic_engine.hpp"

namespace dcdn::net {

/// How a connection ended that ngtcp2 gave up with one of its errors.
CloseInfo end_by_failure(int failure);

class Closing {
 public:
  /// The user wants it; the next turn of the loop says so.
  void want(std::uint64_t code, const std::string& reason);
  [[nodiscard]] const std::optional<CloseInfo>& wanted() const { return wanted_; }
  /// The policy does not want this peer.
  void refuse(const Error& why);
  [[nodiscard]] const std::optional<CloseInfo>& refusal() const { return refusal_; }
  /// A stateless reset came: the peer has no such connection.
  void peer_forgot() { peer_forgot_ = true; }
  /// What the peer said; after ngtcp2 reported that it drains.
  [[nodiscard]] CloseInfo by_peer(const QuicEngine& engine) const;

  /// Writes CONNECTION_CLOSE with the user's or the policy's code and reason, or for an error of ngtcp2's.
  /// There is a packet afterwards unless nothing can be written now.
  void write(const QuicEngine& engine, const CloseInfo& said, std::size_t max_payload);
  void write(const QuicEngine& engine, int failure, std::size_t max_payload);
  /// That there is no room for it (CONNECTION_REFUSED).
  void write_refusal(const QuicEngine& engine, std::size_t max_payload);
  /// Null: nothing was said. Valid as long as this.
  [[nodiscard]] std::optional<DatagramBatch> packet() const;
  /// A packet came after the end. True: answer it, which is done ever less often (section 10.2.1).
  bool answers_next();
  /// Late packets are answered until then.
  void linger_until(ngtcp2_tstamp when) { over_at_ = when; }
  [[nodiscard]] ngtcp2_tstamp over_at() const { return over_at_; }

 private:
  void write(const QuicEngine& engine, const ngtcp2_ccerr& close, std::size_t max_payload);

  std::optional<CloseInfo> wanted_;
  std::optional<CloseInfo> refusal_;
  bool peer_forgot_ = false;
  Bytes packet_;
  SocketAddress local_;
  SocketAddress remote_;
  std::uint64_t late_packets_ = 0;
  ngtcp2_tstamp over_at_ = 0;
};

}  // namespace dcdn::net
