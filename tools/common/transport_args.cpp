#include "common/transport_args.hpp"

namespace dcdn::tool {

namespace {

using std::chrono::milliseconds;

// 0 lets the path decide.
Apply mtu_into(TransportOptions& transport) {
  return [&transport](const std::vector<std::string>& values) -> Result<void> {
    if (values.back() == "0" || values.back() == "auto") {
      transport.max_udp_payload = 0;
      return {};
    }
    DCDN_TRY(const std::uint64_t bytes, parse_integer(values.back(), 1200, 65527));
    transport.max_udp_payload = static_cast<std::uint32_t>(bytes);
    return {};
  };
}

}  // namespace

void add_transport_options(Command& command, TransportOptions& transport) {
  command.group("Transport");
  command.choice(
      "carrier", transport.carrier,
      {{"auto", Carrier::automatic}, {"streams", Carrier::streams}, {"coded", Carrier::coded}},
      "what carries content: QUIC streams, or coded packets beside it for paths that lose packets");
  command.choice("congestion", transport.congestion,
                 {{"bbr", Congestion::bbr}, {"cubic", Congestion::cubic}, {"reno", Congestion::reno}},
                 "congestion control");
  command.integer("ack-threshold", transport.ack_threshold, 0, 64, "packets per acknowledgement; 0 adapts");
  const auto no_gso = [&transport](const std::vector<std::string>&) -> Result<void> {
    transport.gso = false;
    return {};
  };
  command.custom("no-gso", Arity::flag, "", "do not batch packets in the kernel (UDP_SEGMENT, UDP_GRO)",
                 no_gso);
  command.duration("idle-timeout", transport.idle_timeout, milliseconds(5000), milliseconds(120000),
                   "silence after which the connection is lost");
  command.duration("keep-alive", transport.keep_alive, milliseconds(1000), milliseconds(60000),
                   "silence after which a packet is sent to stay in touch; 0 never", true);
  command.duration("handshake-timeout", transport.handshake_timeout, milliseconds(1000), milliseconds(120000),
                   "how long a peer may take to answer");
  command.duration("initial-rtt", transport.initial_rtt, milliseconds(10), milliseconds(5000),
                   "round trip assumed before it is measured");
  command
      .custom("mtu", Arity::one, "BYTES", "UDP payload, 1200 to 65527; auto finds what the path takes",
              mtu_into(transport))
      .with_default("auto");
  command.size("receive-window", transport.receive_window, 512u << 10, 64u << 20,
               "what a peer may have under way to us, a connection");
  command.integer("max-streams", transport.max_streams, 100, 10000, "streams a peer may have open at once");
}

}  // namespace dcdn::tool
