// dcdn/forecast.hpp - what a dcdn::send would send and how long it would take, without contacting anybody.
//
// Spec     dcdn-send(1), FORECAST
// Source   pace/link_forecast: the model, which tests/sim compares with the real cores on a virtual clock
// Threads  calls share nothing
// Cost     a walk of the sources, names and sizes only; no content is read, no network touched
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dcdn/send.hpp"

namespace dcdn {

/// One object that would be sent.
struct PlannedObject {
  std::string name;  ///< as it would be offered
  std::string path;  ///< where it is
  std::string kind;  ///< file, tree
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;  ///< of a tree
  /// At most: equal ones travel once, regions of zeros not at all.
  std::uint64_t chunks = 0;
  SendPriority priority = SendPriority::normal;
};

/// What a link would make of it. Expected values, not bounds, but for least_s.
struct LinkForecast {
  std::string carrier;  ///< the one that would be used: streams, coded
  double eta_s = 0;     ///< command start to the last byte verified, expected
  double open_s = 0;    ///< of these, until the session is open
  double least_s = 0;   ///< no carrier is faster on such a link
  std::uint64_t wire_bytes = 0;
  double overhead = 0;  ///< wire_bytes for each byte of content, minus 1
  double parity = 0;    ///< repair sent ahead of any loss, for each byte of content
  double repair = 0;    ///< sent again or for repair altogether, for each byte of content
};

/// The whole of it.
struct SendForecast {
  std::vector<PlannedObject> objects;
  std::uint64_t bytes = 0;  ///< content, before compression, to each destination
  std::uint64_t chunks = 0;
  /// The size it begins with, or the one that suits the link.
  std::uint32_t chunk_bytes = 0;
  std::size_t destinations = 0;
  std::optional<LinkForecast> link;  ///< if a link was given
};

/// What send() would do with these options.
///
/// link  as --link takes it ("loss=33%,rtt=600ms,rate=1mbit"); empty: only what would be sent
/// error usage: standard input, whose length nobody knows; a link that makes no sense
/// error not_found, permission: a source, as send() would find it
DCDN_API Result<SendForecast> forecast_send(const SendOptions& options, const std::string& link);

}  // namespace dcdn
