#include "api/send/send_outcome.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dcdn::api {

namespace {

PathReport path_report(const std::string& destination, const session::PathUse& use) {
  const net::ConnectionStats& stats = use.stats;
  PathReport path;
  path.destination = destination;
  path.interface = use.interface;
  path.sent = stats.bytes_sent;
  path.useful = stats.stream_bytes_acknowledged + stats.coded_bytes_delivered;
  // A lost packet of the coded carrier is made up by whatever its block sends next, a lost one of QUIC by
  // itself.
  const std::uint64_t mean = stats.bytes_sent / std::max<std::uint64_t>(stats.packets_sent, 1);
  path.coded = stats.coded_bytes_delivered > 0 || stats.repair_bytes_sent > 0;
  path.repaired = stats.repair_bytes_sent + (path.coded ? 0 : stats.packets_lost * mean);
  path.duplicate = stats.bytes_repeated;
  path.wasted = stats.wasted_bytes_sent;
  path.critical = use.critical;
  path.packets = stats.packets_sent;
  path.packets_lost = stats.packets_lost;
  return path;
}

}  // namespace

std::vector<PathReport> path_reports(const session::SendSession& session) {
  std::vector<PathReport> reports;
  for (const auto& destination : session.destinations())
    for (const session::PathUse& use : destination->uses())
      reports.push_back(path_report(destination->address(), use));
  return reports;
}

Error failure_of(const std::vector<session::DestinationResult>& results, bool was_connected) {
  const session::DestinationResult* first = nullptr;
  std::size_t failed = 0;
  for (const auto& each : results) {
    if (each.result) continue;
    ++failed;
    if (first == nullptr) first = &each;
  }
  Error error = first->result.error();
  const bool passing = error.code == Errc::temporary || error.code == Errc::unreachable;
  if (passing && was_connected) error = Error(Errc::incomplete, error.message).with_hint(error.hint);
  if (results.size() > 1)
    error.message = fmt::format("{} of {} destinations failed; {}: {}", failed, results.size(),
                                first->address, error.message);
  return error;
}

bool is_resumable(const Error& error) {
  return error.code == Errc::interrupted || error.code == Errc::incomplete || error.code == Errc::limit ||
         error.code == Errc::temporary || error.code == Errc::unreachable;
}

}  // namespace dcdn::api
