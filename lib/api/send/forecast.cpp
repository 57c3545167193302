#include "dcdn/forecast.hpp"

#include <algorithm>

#include "api/send/send_plan.hpp"
#include "base/text.hpp"
#include "pace/carrier_rule.hpp"
#include "pace/link_forecast.hpp"
#include "session/feed_hub.hpp"
#include "source/chunk_sizer.hpp"
#include "source/pack_draft.hpp"
#include "source/source_walk.hpp"
#include "wire/frame.hpp"

namespace dcdn {

namespace {

constexpr int kSettled = 64;  // measures after which the smoothed chunk size no longer changes

std::uint32_t chunk_bytes_of(const SendOptions& options, const std::optional<pace::LinkDescription>& link) {
  pace::ChunkSizePolicy policy(options.chunk_bytes);
  policy.set_rate(static_cast<double>(options.rate_bytes_per_s));
  if (link)
    for (int i = 0; i < kSettled; ++i) policy.update({link->rtt, link->loss});
  return source::ChunkSizer(policy, {}, wire::kMaxChunkContent).chunk_bytes(0);
}

std::uint64_t chunks_of(std::uint64_t bytes, std::uint32_t chunk_bytes) {
  return bytes / chunk_bytes + (bytes % chunk_bytes == 0 ? 0 : 1);
}

Result<std::uint64_t> count_chunks(const session::SendObject& object, const source::WalkRules& walk,
                                   std::uint32_t chunk_bytes) {
  if (object.kind == wire::ObjectKind::file) return chunks_of(object.bytes.value_or(0), chunk_bytes);
  std::uint64_t chunks = 0;
  std::optional<source::PackBorder> pack;
  source::WalkVisitor visitor;
  visitor.entry = [&](const source::SourceEntry& entry) -> Result<void> {
    const std::uint64_t bytes = entry.begin.size.value_or(0);
    const bool large = bytes > source::pack_limit(chunk_bytes);
    const std::size_t name_bytes = entry.begin.path.size() + entry.begin.target.size();
    if (bytes == 0) {
      if (pack && pack->add_entry(name_bytes)) pack.reset();
      return {};
    }
    if (large || (pack && pack->is_before(name_bytes, bytes))) pack.reset();
    if (large) chunks += chunks_of(bytes, chunk_bytes);
    if (large) return {};
    if (!pack) ++chunks;
    if (!pack) pack.emplace(chunk_bytes);
    if (pack->add_file(entry.begin.path, bytes)) pack.reset();
    return {};
  };
  DCDN_CHECK(source::walk_tree(object.path, walk, visitor));
  return chunks;
}

LinkForecast forecast_link(const SendOptions& options, const SendForecast& planned,
                           const pace::LinkDescription& link) {
  pace::ForecastRequest request;
  request.link = link;
  const bool coded = pace::goes_coded(options.transport.carrier, link.rtt, link.loss);
  request.carrier = coded ? pace::Carrier::coded : pace::Carrier::streams;
  request.critical = !options.sources.empty() && options.sources.front().priority == SendPriority::critical;
  request.bytes = planned.bytes;
  request.rate_bytes_per_s = static_cast<double>(options.rate_bytes_per_s) /
                             static_cast<double>(std::max<std::size_t>(1, planned.destinations));
  const pace::Forecast core = pace::forecast(request);
  LinkForecast result;
  result.carrier = coded ? "coded" : "streams";
  result.eta_s = core.eta_s();
  result.open_s = core.open_s;
  result.least_s = core.least_s;
  result.wire_bytes = static_cast<std::uint64_t>(core.wire_bytes);
  if (planned.bytes > 0) result.overhead = core.wire_bytes / static_cast<double>(planned.bytes) - 1;
  result.parity = core.ahead;
  result.repair = core.repair;
  return result;
}

}  // namespace

Result<SendForecast> forecast_send(const SendOptions& options, const std::string& link) {
  for (const SendSource& source : options.sources)
    if (source.path == "-")
      return Error(Errc::usage, "--dry-run: nobody knows beforehand how much comes on standard input")
          .with_hint("name a file of that size instead");
  std::optional<pace::LinkDescription> described;
  if (!link.empty()) {
    DCDN_TRY(described, pace::parse_link(link));
  }
  DCDN_TRY(const api::SendPlan plan, api::plan_send(options));
  SendForecast result;
  result.destinations = options.destinations.size();
  result.chunk_bytes = chunk_bytes_of(options, described);
  for (const session::SendObject& object : plan.objects) {
    PlannedObject planned;
    planned.name = escape_for_display(object.name);
    planned.path = escape_for_display(object.path);
    planned.kind = object.kind == wire::ObjectKind::tree ? "tree" : "file";
    planned.bytes = object.bytes.value_or(0);
    planned.entries = object.entries.value_or(0);
    planned.priority = static_cast<SendPriority>(object.priority);
    DCDN_TRY(planned.chunks, count_chunks(object, plan.walk, result.chunk_bytes));
    result.bytes += planned.bytes;
    result.chunks += planned.chunks;
    result.objects.push_back(std::move(planned));
  }
  if (described) result.link = forecast_link(options, result, *described);
  return result;
}

}  // namespace dcdn
