// link_forecast.hpp - how long a transfer over a described link takes and what it costs: dcdn-send --dry-run
// --link.
//
// A forecast of expected values, not a bound; what no carrier can beat is given beside it. The formulas are
// in dcdn-send(1), FORECAST. That of the coded carrier is compared with its simulation in tests/sim; that of
// streams is fitted to transfers through netsim.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "dcdn/result.hpp"

namespace dcdn::pace {

/// A path as somebody describes it beforehand, both directions alike.
struct LinkDescription {
  double loss = 0;         ///< part of the packets, 0..0.9
  double bytes_per_s = 0;  ///< IP headers included
  std::chrono::microseconds rtt{};
  std::chrono::microseconds jitter{};  ///< each way, to either side
};

/// "loss=33%,rtt=600ms,rate=1mbit,jitter=100ms" in any order; loss ("0.33" too) and jitter may be left out.
/// error usage: names the part that is wrong.
Result<LinkDescription> parse_link(std::string_view text);

enum class Carrier { streams, coded };

struct ForecastRequest {
  LinkDescription link;
  Carrier carrier = Carrier::streams;
  std::uint64_t bytes = 0;      ///< as carried
  double rate_bytes_per_s = 0;  ///< of --rate, content; 0: none
  bool critical = false;        ///< coded: repair symbols are sent before they are asked for
};

struct Forecast {
  double open_s = 0;      ///< command start to session open
  double transfer_s = 0;  ///< session open to the last byte verified
  double least_s =
      0;  ///< no carrier is faster: the erasure capacity rate x (1 - loss), and half a round trip
  double wire_bytes = 0;  ///< IP bytes that the sender puts on the link
  double repair = 0;      ///< symbols (streams: packets) sent again or for repair, for each one of content
  double ahead = 0;       ///< those of them that are sent before anything is known to be lost
  [[nodiscard]] double eta_s() const { return open_s + transfer_s; }
};

Forecast forecast(const ForecastRequest& request);

}  // namespace dcdn::pace
