#include <fmt/format.h>

#include <cstdint>

#include "dcdn/transport.hpp"

namespace dcdn {

namespace {

Result<void> in_range(const char* option, std::uint64_t value, std::uint64_t low, std::uint64_t high,
                      const char* range) {
  if (value >= low && value <= high) return {};
  return Error(Errc::usage, fmt::format("{}: must be {}", option, range));
}

Result<void> in_range(const char* option, std::chrono::milliseconds value, std::chrono::milliseconds low,
                      std::chrono::milliseconds high, const char* range) {
  if (value >= low && value <= high) return {};
  return Error(Errc::usage, fmt::format("{}: must be {}", option, range));
}

}  // namespace

Result<void> check(const TransportOptions& options) {
  using namespace std::chrono_literals;
  DCDN_CHECK(in_range("--max-connections", options.max_connections, 100, 10000, "from 100 to 10000"));
  DCDN_CHECK(in_range("--max-streams", options.max_streams, 100, 10000, "from 100 to 10000"));
  if (options.ack_threshold != 0)
    DCDN_CHECK(in_range("--ack-threshold", options.ack_threshold, 2, 64, "0 (adaptive) or from 2 to 64"));
  DCDN_CHECK(in_range("--idle-timeout", options.idle_timeout, 5s, 120s, "from 5s to 120s"));
  if (options.keep_alive != 0ms)
    DCDN_CHECK(in_range("--keep-alive", options.keep_alive, 1s, 60s, "0 (off) or from 1s to 60s"));
  DCDN_CHECK(in_range("--handshake-timeout", options.handshake_timeout, 1s, 120s, "from 1s to 120s"));
  DCDN_CHECK(in_range("--initial-rtt", options.initial_rtt, 10ms, 5000ms, "from 10ms to 5s"));
  if (options.max_udp_payload != 0)
    DCDN_CHECK(
        in_range("--mtu", options.max_udp_payload, 1200, 65527, "0 (discovered) or from 1200 to 65527"));
  DCDN_CHECK(in_range("--receive-window", options.receive_window, std::uint64_t{512} << 10,
                      std::uint64_t{64} << 20, "from 512KiB to 64MiB"));
  return {};
}

}  // namespace dcdn
