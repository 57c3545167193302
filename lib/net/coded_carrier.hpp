// coded_carrier.hpp - the coded carrier of one QUIC connection: its packets sealed, its streams numbered.
//
// Path     streams -> CodedSender -> sealed datagrams in batches of one size -> the connection's outbox; and
//          back. It belongs to a CodedSide, which knows the path; the connection keeps the timer.
#pragma once
#include <functional>
#include <set>

#include "coded/coded_receiver.hpp"
#include "coded/coded_sender.hpp"
#include "coded/reed_solomon_coder.hpp"
#include "coded/replay_window.hpp"
#include "net/connection.hpp"
#include "net/packet_seal.hpp"

namespace dcdn::net {

/// Streams of the coded carrier have ids that QUIC cannot reach in a connection's life.
inline constexpr StreamId kCodedStreams = StreamId{1} << 60;
inline bool is_coded(StreamId id) {
  return (id & kCodedStreams) != 0;
}

class CodedCarrier {
 public:
  /// That its keys are good for, and it gets no others: RFC 8446 section 5.5 allows AES-128-GCM 2^24.5
  /// records of 16 KiB, of which a packet is a thirteenth.
  static constexpr std::uint64_t kMostPackets = std::uint64_t{1} << 28;

  struct Hooks {
    std::function<void(StreamId, ByteView, bool fin)> deliver;
    /// Packets of `segment` bytes each (the last may be shorter). False: the socket is full, ask again later.
    std::function<bool(ByteView bytes, std::size_t segment)> send;
    /// The peer has all of a stream of ours.
    std::function<void(StreamId)> arrived;
  };
  struct Options {
    Side side = Side::client;
    CodedSecrets secrets;
    std::size_t receive_window = 0;  ///< also what is held at most of what is sent
    double bytes_per_s = 0;          ///< of IP, at most; 0: no limit
    coded::Seconds round_trip = 0.1;
    std::size_t udp_payload = 1200;
    std::uint64_t most_packets = kMostPackets;
  };
  static Result<std::unique_ptr<CodedCarrier>> make(const Options& options, Hooks hooks);

  /// The peer's packets carry it.
  [[nodiscard]] std::uint32_t token() const { return opening_.token(); }
  /// bytes_per_s: of IP, at most, from now on; 0: no limit.
  void limit(double bytes_per_s);
  StreamId open(bool critical);
  void push(StreamId id, Buffer bytes, bool fin);
  void drop(StreamId id);
  void consumed(std::size_t bytes) { receiver_.consumed(bytes); }
  [[nodiscard]] std::size_t queued_bytes() const { return sender_.queued_bytes(); }

  /// False: it is not authentic, or was seen, and is ignored. error corrupt: the peer breaks the rules.
  Result<bool> receive(ByteView datagram, coded::Seconds now);
  /// Sends what is due: at most `udp_payload` bytes a packet.
  void turn(coded::Seconds now, std::size_t udp_payload, std::size_t ip_overhead);
  /// When to call turn() next; infinite: after push(), consumed() or receive().
  [[nodiscard]] coded::Seconds due() const { return std::min(sender_.due(), receiver_.due()); }
  /// Nothing is heard of what was sent: an outage, or our address is another by now and the peer does not
  /// know.
  [[nodiscard]] bool holding() const { return sender_.control().holding(); }
  /// So many packets were sealed or opened that the connection is to be made anew.
  [[nodiscard]] bool is_worn_out() const;
  /// Share of packets that gets lost, either way, as well as this side knows.
  [[nodiscard]] double loss() const;
  /// Adds what this carrier did.
  void count(ConnectionStats& stats) const;

 private:
  CodedCarrier(const Options& options, Hooks hooks, PacketSeal sealing, PacketSeal opening);
  Result<bool> take_data(std::uint64_t number, ByteView body, coded::Seconds now);
  Result<bool> take_feedback(std::uint64_t number, ByteView body, coded::Seconds now);
  [[nodiscard]] StreamId id_of(coded::StreamNumber number) const;
  void count_rate(ConnectionStats& stats) const;
  void tell(coded::Seconds now);
  bool send_batch(coded::Seconds now, std::size_t symbol_bytes);
  std::size_t seal_data(const coded::CodedSender::Packet& packet, MutableByteView into);

  Hooks hooks_;
  Side side_;
  PacketSeal sealing_;
  PacketSeal opening_;
  coded::ReedSolomonCoder coder_;
  coded::CodedSender sender_;
  coded::CodedReceiver receiver_;
  coded::ReplayWindow data_seen_;
  coded::ReplayWindow feedback_seen_;
  std::uint64_t feedback_sent_ = 0;
  coded::StreamNumber next_stream_ = 0;
  std::set<coded::StreamNumber> critical_;  // open ones of ours
  std::uint64_t most_packets_;
  double bytes_per_s_;
  std::size_t packet_bytes_ = 0;
};

}  // namespace dcdn::net
