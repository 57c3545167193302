#include "dcdn-send/dry_run.hpp"

#include <fmt/format.h>

#include <cmath>

#include "dcdn/forecast.hpp"
#include "dcdn/units.hpp"

namespace dcdn::tool {

namespace {

constexpr double kLongestShown = 1e9;  // seconds

std::string duration_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f}s", seconds);
  return format_duration(std::chrono::seconds(std::llround(std::min(seconds, kLongestShown))));
}

const char* name_of_class(SendPriority priority) {
  switch (priority) {
    case SendPriority::critical:
      return "critical";
    case SendPriority::high:
      return "high";
    case SendPriority::normal:
      break;
  }
  return "normal";
}

std::string counted(std::uint64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void say_object(const PlannedObject& object, Report& report) {
  report.line(fmt::format("{}  {}, {}, {}, {}", object.name, object.kind, format_size(object.bytes),
                          counted(object.chunks, "chunk"), name_of_class(object.priority)));
  report.json("planned_object", {{"name", object.name},
                                 {"path", object.path},
                                 {"kind", object.kind},
                                 {"bytes", object.bytes},
                                 {"entries", object.entries},
                                 {"chunks", object.chunks},
                                 {"priority", name_of_class(object.priority)}});
}

void say_link(const LinkForecast& link, Report& report) {
  report.line(fmt::format("about {} by {}; no carrier is faster than {}", duration_text(link.eta_s),
                          link.carrier, duration_text(link.least_s)));
  report.line(
      fmt::format("{} on the link, overhead {:.0f} %; parity {:.0f} % ahead of any loss, {:.0f} % repaired",
                  format_size(link.wire_bytes), 100 * link.overhead, 100 * link.parity, 100 * link.repair));
}

Fields link_fields(const LinkForecast& link) {
  return {{"carrier", link.carrier}, {"eta_s", link.eta_s},           {"open_s", link.open_s},
          {"least_s", link.least_s}, {"wire_bytes", link.wire_bytes}, {"overhead", link.overhead},
          {"parity", link.parity},   {"repair", link.repair}};
}

}  // namespace

Result<int> dry_run_command(const SendArgs& args, Report& report) {
  DCDN_TRY(const SendForecast planned, forecast_send(args.options, args.link));
  for (const PlannedObject& object : planned.objects) say_object(object, report);
  report.line(fmt::format(
      "{}, {}, at most {} of {}{}; nothing was sent", counted(planned.objects.size(), "object"),
      format_size(planned.bytes), counted(planned.chunks, "chunk"), format_size(planned.chunk_bytes),
      planned.destinations > 1 ? fmt::format(", to each of {}", planned.destinations) : ""));
  if (planned.link) say_link(*planned.link, report);
  Fields forecast{{"objects", planned.objects.size()},
                  {"bytes", planned.bytes},
                  {"chunks", planned.chunks},
                  {"chunk_bytes", planned.chunk_bytes},
                  {"destinations", planned.destinations},
                  {"link", nullptr}};
  if (planned.link) forecast.set("link", link_fields(*planned.link));
  report.json("forecast", forecast);
  return 0;
}

}  // namespace dcdn::tool
