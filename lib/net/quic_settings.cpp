#include "net/quic_settings.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "net/quic_clock.hpp"

namespace dcdn::net {

namespace {

constexpr std::uint64_t kBidirectionalStreams = 100;  // control streams: a session has one or two
constexpr std::size_t kIpv4UdpPayload = 65507;
constexpr std::uint64_t kDatagramFrame = 65535;  // any: what comes in them is ignored
// RFC 9000 section 13.2.2: every second packet at the latest. At speed it is far fewer, because packets are
// read by the batch and acknowledged once after it (measured over loopback: 155 packets an ACK at 12 Gbit/s,
// 16 at 4 Gbit/s without offload; a larger threshold gained nothing).
constexpr std::size_t kAckThreshold = 2;

ngtcp2_duration nanoseconds(std::chrono::milliseconds time) {
  return static_cast<ngtcp2_duration>(time.count()) * NGTCP2_MILLISECONDS;
}

// BBR is ngtcp2's first version of it in 0.12, and its second in 1.x, which has no other. That one loses less
// on clean paths at the same speed, but decays where packets are lost: a file of 20 MB over 10 Mbit/s and 200
// ms took 18.5 s and 18.7 s without loss, 20.9 s and 23.9 s with 5 %. Where that matters the coded carrier is
// what carries.
ngtcp2_cc_algo algorithm_of(Congestion congestion) {
  switch (congestion) {
    case Congestion::cubic:
      return NGTCP2_CC_ALGO_CUBIC;
    case Congestion::reno:
      return NGTCP2_CC_ALGO_RENO;
    case Congestion::bbr:
      break;
  }
  return NGTCP2_CC_ALGO_BBR;
}

}  // namespace

std::size_t max_payload_for(const QuicOptions& options, int family) {
  const std::size_t wanted =
      options.max_udp_payload == 0 ? NGTCP2_MAX_PMTUD_UDP_PAYLOAD_SIZE : options.max_udp_payload;
  return family == AF_INET ? std::min(wanted, kIpv4UdpPayload) : wanted;
}

ngtcp2_settings settings_from(const QuicOptions& options) {
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.cc_algo = algorithm_of(options.congestion);
  settings.initial_ts = quic_now();
  settings.initial_rtt = nanoseconds(options.initial_rtt);
  settings.handshake_timeout = nanoseconds(options.handshake_timeout);
  settings.ack_thresh = options.ack_threshold == 0 ? kAckThreshold : options.ack_threshold;
  settings.max_tx_udp_payload_size = max_payload_for(options, AF_INET);
  // How large packets may be is PathSize's to decide: ngtcp2 finds a size once, and keeps it when the path
  // does not.
  settings.no_pmtud = 1;
  settings.no_tx_udp_payload_size_shaping = 1;
  return settings;
}

ngtcp2_transport_params parameters_from(const QuicOptions& options) {
  ngtcp2_transport_params parameters;
  ngtcp2_transport_params_default(&parameters);
  // One window for all: the connection's bound is the one that protects memory, and a chunk may fill it
  // alone.
  parameters.initial_max_data = options.receive_window;
  parameters.initial_max_stream_data_bidi_local = options.receive_window;
  parameters.initial_max_stream_data_bidi_remote = options.receive_window;
  parameters.initial_max_stream_data_uni = options.receive_window;
  parameters.initial_max_streams_uni = options.max_streams;
  parameters.initial_max_streams_bidi = kBidirectionalStreams;
  parameters.max_idle_timeout = nanoseconds(options.idle_timeout);
  parameters.active_connection_id_limit = 4;
  parameters.max_datagram_frame_size = kDatagramFrame;
  return parameters;
}

}  // namespace dcdn::net
