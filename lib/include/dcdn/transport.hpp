// dcdn/transport.hpp - every tunable of the transport, with its range.
//
// Spec     dcdn-send(1), OPTIONS; dcdn-session(5). The defaults are meant to be left alone.
// Source   RFC 9000 (QUIC), RFC 9002 (loss recovery), RFC 9438 (CUBIC); BBR as ngtcp2 has it
// Threads  values; check() is pure
#pragma once
#include <chrono>
#include <cstdint>

#include "dcdn/export.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// Of QUIC. The coded carrier has its own control, which random loss does not slow.
enum class Congestion { bbr, cubic, reno };

/// What carries the content of a session. streams: QUIC. coded: packets with erasure coding beside QUIC, for
/// paths that lose packets. automatic: coded on long paths and on those that lose packets, streams elsewhere.
enum class Carrier { automatic, streams, coded };

/// One connection's, or each connection's of a listener. The comment has the range.
struct TransportOptions {
  Carrier carrier = Carrier::automatic;
  Congestion congestion = Congestion::bbr;
  std::uint32_t max_connections = 1000;  ///< 100..10000, accepted at once by a listener
  std::uint32_t max_streams = 256;       ///< 100..10000, unidirectional streams open at once towards us
  /// Packets for each ACK: 0 adaptive, 2 as RFC 9000 section 13.2.2, up to 64.
  std::uint32_t ack_threshold = 0;
  bool gso = true;                                     ///< UDP_SEGMENT / UDP_GRO where the kernel has them
  std::chrono::milliseconds idle_timeout{30000};       ///< 5 s..120 s
  std::chrono::milliseconds keep_alive{5000};          ///< 0 (off), 1 s..60 s
  std::chrono::milliseconds handshake_timeout{10000};  ///< 1 s..120 s
  std::chrono::milliseconds initial_rtt{333};          ///< 10 ms..5 s (RFC 9002 section 6.2.2)
  std::uint32_t max_udp_payload = 0;  ///< 0: path MTU discovery; else fixed, 1200..65527 bytes
  /// 512 KiB..64 MiB a connection: bounds what a peer can make us hold, and what is on its way.
  std::uint64_t receive_window = 12u << 20;
};

/// Whether every option is in its range. error usage: names the option and its range.
DCDN_API Result<void> check(const TransportOptions& options);

}  // namespace dcdn
