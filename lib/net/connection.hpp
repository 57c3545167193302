// connection.hpp - one QUIC connection (RFC 9000), both ends authenticated by Ed25519 keys.
//
// Threads  everything here happens on the thread that runs the io_context.
// Source   ngtcp2 (0.12 or 1.x, quic_library.hpp) with its GnuTLS binding; no other file outside lib/net sees
// either.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"

namespace dcdn::net {

using StreamId = std::int64_t;
inline bool is_unidirectional(StreamId id) {
  return (id & 2) != 0;
}

/// The application close code that stands for an error: 0x100 + its exit status. A connection that PeerPolicy
/// refuses is closed with the code of the policy's error (0x107 untrusted), and its message as the reason;
/// connect() and on_closed turn codes of this form back into an Errc. Codes below 0x100 are the session
/// layer's own.
inline std::uint64_t close_code_of(Errc code) {
  return 0x100 + static_cast<std::uint64_t>(exit_status(code));
}

struct ConnectionStats {
  std::chrono::microseconds smoothed_rtt{};
  std::chrono::microseconds min_rtt{};
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_lost = 0;    ///< declared lost by the loss detector
  std::uint64_t bytes_repeated = 0;  ///< of those, copies (datagram_repeats.hpp)
  std::uint64_t bytes_sent = 0;      ///< UDP payload, all packets and retransmissions
  std::uint64_t bytes_received = 0;
  std::uint64_t congestion_window = 0;  ///< bytes
  // coded carrier
  std::uint64_t repair_packets_sent = 0;
  std::uint64_t repaired_symbols = 0;  ///< lost, and computed out of others
  std::uint64_t wasted_packets = 0;    ///< arrived here when their block was complete
  std::uint64_t repair_bytes_sent = 0;
  std::uint64_t coded_bytes_delivered = 0;  ///< of blocks of ours that the peer has
  std::uint64_t coded_bytes_arrived = 0;    ///< of packets of ours that the peer told of, useful or not
  std::uint64_t wasted_bytes_sent = 0;      ///< arrived at the peer when their block was complete
  double content_rate = 0;  ///< bytes a second that the coded carrier delivers; 0: it has sent nothing
  std::uint64_t bytes_in_flight = 0;  ///< sent, neither acknowledged nor declared lost; of the coded carrier:
                                      ///< what of blocks that the peer lacks something of
  std::uint64_t stream_bytes_acknowledged = 0;
  std::chrono::microseconds probe_timeout{};  ///< RFC 9002 section 6.2.1, without back-off
  unsigned timeouts = 0;  ///< probe timeouts since the last acknowledgement; 1: nothing is heard of coded
                          ///< packets

  /// Adds the totals of another connection.
  void add(const ConnectionStats& other) {
    packets_sent += other.packets_sent;
    packets_lost += other.packets_lost;
    bytes_sent += other.bytes_sent;
    bytes_received += other.bytes_received;
    bytes_repeated += other.bytes_repeated;
    repair_packets_sent += other.repair_packets_sent;
    repair_bytes_sent += other.repair_bytes_sent;
    coded_bytes_delivered += other.coded_bytes_delivered;
    coded_bytes_arrived += other.coded_bytes_arrived;
    wasted_bytes_sent += other.wasted_bytes_sent;
    stream_bytes_acknowledged += other.stream_bytes_acknowledged;
  }
};

/// How a connection ended.
struct CloseInfo {
  bool clean = false;  ///< closed by either side's close(), not by a failure
  bool by_peer = false;
  std::uint64_t code = 0;  ///< the application code given to close(); 0 with a transport failure
  std::string reason;      ///< the text given to close(), from the peer as it sent it (escape before showing)
  Error error{Errc::temporary,
              "connection closed"};  ///< temporary (idle, reset), unreachable, untrusted, ...
};

/// Told on the loop thread, never from inside a call into the connection.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  /// In order within a stream. Credit for the bytes is given back by consume(), not before.
  virtual void on_stream_data(StreamId id, ByteView bytes, bool fin) = 0;
  /// The peer gave up a stream, or asked us to stop sending on it.
  virtual void on_stream_reset(StreamId id, std::uint64_t code) = 0;
  /// The peer has all of a unidirectional stream of ours, of either carrier.
  virtual void on_stream_acknowledged(StreamId id) { (void)id; }
  /// There is room again: queued_bytes() fell under the low mark, or the peer allows more streams.
  virtual void on_writable() = 0;
  /// Last call. The connection is gone.
  virtual void on_closed(const CloseInfo& info) = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  [[nodiscard]] virtual const NodeId& peer() const = 0;
  [[nodiscard]] virtual std::string peer_address() const = 0;  ///< "192.0.2.1:4433", "[2001:db8::1]:4433"
  /// Set right after accept or connect, before the next turn of the loop. Must outlive the connection or be
  /// set to nullptr, after which nothing is told any more.
  virtual void set_events(ConnectionEvents* events) = 0;
  /// From which address of this machine it sends now, without the port.
  [[nodiscard]] virtual std::string local_address() const = 0;
  /// Client: goes on by another interface (RFC 9000 section 9), and stays with it. error temporary: not now;
  /// unreachable, not_found: not that way; unsupported: not the client.
  virtual Result<void> use_interface(const std::string& name) = 0;

  /// error temporary: the peer's limit of streams is reached (wait for on_writable), or closed.
  virtual Result<StreamId> open_bidirectional() = 0;
  /// A receiver takes 2^20 of them from a connection and then closes it with close_code_of(Errc::temporary):
  /// put more than one small thing into a stream, and connect again.
  virtual Result<StreamId> open_unidirectional() = 0;
  /// Starts the coded carrier (dcdn-session(5), CODED CARRIER), once both sides have agreed to; before that
  /// its packets are ignored. bytes_per_s: most to send, of IP; 0: no limit. error temporary: closed;
  /// internal.
  virtual Result<void> start_coded(double bytes_per_s) = 0;
  [[nodiscard]] virtual bool coded() const = 0;
  /// Both sides speak dcdn/1.1 (dcdn-session(5), BEGINNING AT ONCE): the peer listens to the coded carrier,
  /// and takes what belongs to an offer before it has answered it.
  [[nodiscard]] virtual bool begins_early() const = 0;
  /// A unidirectional stream on the coded carrier if that was started, else as open_unidirectional().
  /// critical: before all others, and protected from the start.
  virtual Result<StreamId> open_bulk(bool critical) = 0;
  /// Queues bytes without copying them; kept until the peer has them. Bidirectional streams are sent before
  /// unidirectional ones, those in the order in which they were opened. After fin nothing may follow.
  virtual void send(StreamId id, Buffer bytes, bool fin) = 0;
  /// Bytes given to send() that no packet carries yet. Keep it above zero and below a few MiB.
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
  /// Flow credit back to the peer: call when `bytes` of the stream are no longer held.
  virtual void consume(StreamId id, std::size_t bytes) = 0;
  /// Stop sending and ask the peer to stop.
  virtual void reset_stream(StreamId id, std::uint64_t code) = 0;
  /// Sends CONNECTION_CLOSE with what is queued dropped; on_closed follows. reason: at most 512 bytes are
  /// sent. Takes effect in the next turn of the loop; for three probe timeouts more the loop has work,
  /// answering packets of a peer that missed it. Who stops the loop sooner risks that the peer waits for its
  /// idle timeout.
  virtual void close(std::uint64_t code, const std::string& reason) = 0;
  [[nodiscard]] virtual bool closed() const = 0;
  [[nodiscard]] virtual ConnectionStats stats() const = 0;
};

/// Letting go of the last one closes the connection with code 0. Must not outlive the io_context.
using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace dcdn::net
