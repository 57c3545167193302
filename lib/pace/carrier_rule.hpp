// carrier_rule.hpp - which carrier a path is worth: QUIC's streams, or coded packets beside them.
//
// Path     send: when both sides have agreed, and every half second after that; dcdn-send --dry-run --link
// Spec     dcdn-session(5), BEGINNING AT ONCE, CODED CARRIER
// Threads  pure
#pragma once
#include <chrono>
#include <cstdint>

#include "dcdn/transport.hpp"

namespace dcdn::pace {

/// As short as a LAN's: QUIC repairs losses at once there and costs less, and a round trip is nothing.
bool is_short_path(std::chrono::microseconds least_rtt);

/// Loss of a path by what was counted on it, 0..1; 0 while too little was sent to tell.
double known_loss(std::uint64_t packets_sent, std::uint64_t packets_lost);

/// Chunks go coded. `wanted` is what the user said; automatic: coded on every path that is not short, and on
/// a short one that loses one packet of a hundred. least_rtt: the shortest round trip that was seen. Pass 0
/// for what is not known of rtt or loss: streams then, until the other says otherwise.
bool goes_coded(dcdn::Carrier wanted, std::chrono::microseconds least_rtt, double loss);

}  // namespace dcdn::pace
