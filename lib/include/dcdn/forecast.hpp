// dcdn/forecast.hpp - what a dcdn::send would send and how long it would take, without contacting anybody.
//
// Spec     dcdn-send(1), FORECAST
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dcdn/send.hpp"

namespace dcdn {

struct PlannedObject {
  std::string name, path, kind;  ///< kind: file, tree
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;  ///< of a tree
  std::uint64_t chunks = 0;   ///< at most: equal ones travel once, regions of zeros not at all
  SendPriority priority = SendPriority::normal;
};

struct LinkForecast {
  std::string carrier;  ///< the one that would be used: streams
  double eta_s = 0;     ///< command start to the last byte verified, expected
  double open_s = 0;    ///< of these, until the session is open
  double least_s = 0;   ///< no carrier is faster on such a link
  std::uint64_t wire_bytes = 0;
  double overhead = 0;  ///< wire_bytes for each byte of content, minus 1
  double parity = 0;    ///< repair sent ahead of any loss, for each byte of content
  double repair = 0;    ///< sent again or for repair altogether, for each byte of content
};

struct SendForecast {
  std::vector<PlannedObject> objects;
  std::uint64_t bytes = 0;  ///< content, before compression, to each destination
  std::uint64_t chunks = 0;
  std::uint32_t chunk_bytes = 0;  ///< the size it begins with, or the one that suits the link
  std::size_t destinations = 0;
  std::optional<LinkForecast> link;
};

/// `link`: as --link takes it ("loss=33%,rtt=600ms,rate=1mbit"); empty: only what would be sent. Reads names
/// and sizes only. error usage: standard input, whose length nobody knows; a link that makes no sense; else
/// as send().
DCDN_API Result<SendForecast> forecast_send(const SendOptions& options, const std::string& link);

}  // namespace dcdn
