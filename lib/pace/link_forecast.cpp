#include "pace/link_forecast.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#include "dcdn/units.hpp"

namespace dcdn::pace {

namespace {

constexpr double kMostLoss = 0.9;
constexpr double kLeastRate = 125;   // 1 kbit/s
constexpr double kMostRate = 125e9;  // 1 Tbit/s
constexpr std::chrono::seconds kMostDelay{60};

// What of an IP packet is content, frames and signatures counted as headers.
constexpr double kStreamsShare = 0.951;
constexpr double kCodedShare = 0.955;
constexpr double kPacketContent = 1408;
// Session open: the QUIC handshake up to the receiver's key; a lost flight waits for its next copy.
constexpr double kOpenRoundTrips = 1;
constexpr double kNextCopy = 0.1;
// Streams: offer, want, the last acknowledgement; finding the rate, from ten packets on; with loss, what
// QUIC's controller gives away. Fitted to transfers through netsim (tests/unit/pace/link_forecast_test.cpp).
constexpr double kStreamsRoundTrips = 2;
constexpr double kDoublingRoundTrips = 1.25;
constexpr double kFirstFlight = 10;
constexpr double kLossFactor = 7.4;
constexpr double kLossExponent = 1.8;
// Coded: what the controller leaves of the rate, the first feedback, the last block's further rounds.
constexpr double kCodedUse = 0.975;
constexpr double kCodedRoundTrips = 0.75;
constexpr double kBlockSymbols = 64;

Error wrong(std::string_view text, const std::string& why) {
  return Error(Errc::usage, "--link " + std::string(text) + ": " + why)
      .with_hint("for example --link loss=33%,rtt=600ms,rate=1mbit");
}

/// "33%" or "0.33".
std::optional<double> parse_part(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const std::string digits(text);
  if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  if (*end != '\0') return std::nullopt;
  return percent ? value / 100 : value;
}

Result<void> set_part(LinkDescription& link, std::string_view name, std::string_view value) {
  if (name == "loss") {
    const auto loss = parse_part(value);
    if (!loss || *loss > kMostLoss) return Error(Errc::usage, "loss must be 0 to 90%, or 0 to 0.9");
    link.loss = *loss;
    return {};
  }
  if (name == "rate") {
    DCDN_TRY(const std::uint64_t rate, parse_rate(value));
    link.bytes_per_s = static_cast<double>(rate);
    if (link.bytes_per_s < kLeastRate || link.bytes_per_s > kMostRate)
      return Error(Errc::usage, "rate must be 1kbit to 1000Gbit");
    return {};
  }
  if (name != "rtt" && name != "jitter")
    return Error(Errc::usage, "'" + std::string(name) + "' is none of loss, rtt, rate, jitter");
  DCDN_TRY(const auto delay, parse_duration(value));
  if (delay > kMostDelay) return Error(Errc::usage, std::string(name) + " must be at most 60s");
  (name == "rtt" ? link.rtt : link.jitter) = delay;
  return {};
}

double seconds(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

double coded_transfer(const ForecastRequest& request, double content_per_s) {
  const double rtt = seconds(request.link.rtt);
  const double tail = request.link.loss * rtt;
  return static_cast<double>(request.bytes) / (content_per_s * kCodedUse) + kCodedRoundTrips * rtt + tail +
         2 * seconds(request.link.jitter);
}

double streams_transfer(const ForecastRequest& request, double content_per_s) {
  const LinkDescription& link = request.link;
  const double rtt = seconds(link.rtt);
  const double packets = static_cast<double>(request.bytes) / kPacketContent;
  const double under_way = std::min(packets, link.bytes_per_s * rtt / kPacketContent);
  const double doubling = kDoublingRoundTrips * std::log2(std::max(1.0, under_way / kFirstFlight));
  const double slow = kLossFactor * std::pow(link.loss, kLossExponent) * std::sqrt(packets);
  return static_cast<double>(request.bytes) / content_per_s + (kStreamsRoundTrips + doubling + slow) * rtt;
}

double open_seconds(const LinkDescription& link) {
  const double both_arrive = (1 - link.loss) * (1 - link.loss);
  return kOpenRoundTrips * seconds(link.rtt) + kNextCopy * (1 - both_arrive) / both_arrive;
}

}  // namespace

Result<LinkDescription> parse_link(std::string_view text) {
  LinkDescription link;
  std::string seen;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return wrong(text, "each part must be NAME=VALUE");
    const std::string name(part.substr(0, equals));
    if (seen.find("," + name + ",") != std::string::npos) return wrong(text, name + " stands there twice");
    seen += "," + name + ",";
    if (auto set = set_part(link, name, part.substr(equals + 1)); !set)
      return wrong(text, set.error().message);
  }
  for (const char* needed : {"rate", "rtt"})
    if (seen.find(std::string(",") + needed + ",") == std::string::npos)
      return wrong(text, std::string(needed) + " is missing");
  return link;
}

Forecast forecast(const ForecastRequest& request) {
  const LinkDescription& link = request.link;
  const double bytes = static_cast<double>(request.bytes);
  const double arriving = 1 - link.loss;
  const bool coded = request.carrier == Carrier::coded;
  const double share = coded ? kCodedShare : kStreamsShare;
  double content_per_s = link.bytes_per_s * arriving * share;
  if (request.rate_bytes_per_s > 0) content_per_s = std::min(content_per_s, request.rate_bytes_per_s);
  Forecast result;
  result.open_s = open_seconds(link);
  result.transfer_s =
      coded ? coded_transfer(request, content_per_s) : streams_transfer(request, content_per_s);
  result.least_s = bytes / (link.bytes_per_s * arriving) + seconds(link.rtt) / 2;
  result.wire_bytes = bytes / share / arriving;
  result.repair = link.loss / arriving;
  // Beyond what is lost on average, a critical block carries one standard deviation; nothing else is sent
  // ahead.
  if (coded && request.critical)
    result.ahead = result.repair + std::sqrt(link.loss / kBlockSymbols) / arriving;
  if (result.ahead > result.repair) {
    result.wire_bytes += bytes / share * (result.ahead - result.repair);
    result.repair = result.ahead;
  }
  return result;
}

}  // namespace dcdn::pace
