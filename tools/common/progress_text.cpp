#include "common/progress_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "dcdn/units.hpp"

namespace dcdn::tool {

namespace {

constexpr std::size_t kMostObjects = 6;  // a display taller than this pushes the log off the screen
constexpr int kBarWidth = 20;

struct Range {
  char32_t first;
  char32_t last;
};
// Unicode 15 East Asian Width W and F, in blocks: enough to keep lines from wrapping.
constexpr std::array<Range, 10> kWide{{{0x1100, 0x115F},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0xA4CF},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1FAFF},
                                       {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 4> kCombining{
    {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

template <std::size_t N>
bool in_ranges(char32_t c, const std::array<Range, N>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

struct Character {
  std::size_t bytes;
  int columns;
};

/// The first character of `text`, which is not empty. Names arrive escaped, so sequences are whole; a stray
/// byte counts as one column.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length == 1 || length > text.size()) return {1, 1};
  char32_t value = lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i)
    value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  return {length, in_ranges(value, kCombining) ? 0 : in_ranges(value, kWide) ? 2 : 1};
}

/// As many characters from the front as fit in `width` columns.
std::string_view front_part(std::string_view text, int width) {
  std::size_t end = 0;
  while (end < text.size()) {
    const Character c = first_character(text.substr(end));
    if (c.columns > width) break;
    width -= c.columns;
    end += c.bytes;
  }
  return text.substr(0, end);
}

std::string_view back_part(std::string_view text, int width) {
  int excess = display_width(text) - width;
  while (excess > 0) {
    const Character c = first_character(text);
    excess -= c.columns;
    text.remove_prefix(c.bytes);
  }
  return text;
}

std::string padded(const std::string& text, int width) {
  return text + std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
}

/// 0..1; an empty object is done.
double share(std::uint64_t done, std::uint64_t total) {
  if (total == 0) return 1;
  return std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

/// Rounded down: 100% is said only when it is true.
std::string percent(std::uint64_t done, std::uint64_t total) {
  return fmt::format("{}%", static_cast<int>(std::floor(share(done, total) * 100)));
}

std::string amount(std::uint64_t done, std::optional<std::uint64_t> total) {
  return total ? format_size(done) + "/" + format_size(*total) : format_size(done);
}

std::string bar(std::uint64_t done, std::uint64_t total) {
  const auto filled = static_cast<std::size_t>(share(done, total) * kBarWidth);
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '-') + "]";
}

std::string object_line(const ObjectProgress& object, int width) {
  std::vector<std::string> fields;
  if (object.bytes_total && width >= 64) fields.push_back(bar(object.bytes_done, *object.bytes_total));
  if (object.bytes_total)
    fields.push_back(fmt::format("{:>4}", percent(object.bytes_done, *object.bytes_total)));
  if (width >= 48 || !object.bytes_total) fields.push_back(amount(object.bytes_done, object.bytes_total));
  const std::string right = fmt::format("{}", fmt::join(fields, "  "));
  const int room = std::max(1, width - display_width(right) - 2);
  const int longest = std::min(room, 36);
  return shorten(padded(shorten(object.name, longest), longest) + "  " + right, width);
}

std::string state_words(const Progress& progress) {
  return progress.detail.empty() ? progress.state : progress.state + " " + progress.detail;
}

/// What the whole transfer says about itself, the most important first.
std::vector<std::string> fields_of(const Progress& progress) {
  std::vector<std::string> fields{state_words(progress)};
  if (progress.objects.empty()) return fields;  // there is nothing to measure
  if (progress.bytes_total) fields.push_back(percent(progress.bytes_done, *progress.bytes_total));
  fields.push_back(format_rate(progress.rate_now));
  if (progress.eta) fields.push_back("ETA " + format_duration(*progress.eta));
  for (const PathProgress& path : progress.paths)
    fields.push_back(path.interface + " " + (path.rate > 0 ? format_rate(path.rate) : path.state) +
                     (path.coded ? " coded" : ""));
  if (progress.loss)
    fields.push_back("loss " + fmt::format("{:.0f}%", std::clamp(*progress.loss, 0.0, 1.0) * 100));
  fields.push_back(amount(progress.bytes_done, progress.bytes_total));
  if (progress.rate_average > 0) fields.push_back("avg " + format_rate(progress.rate_average));
  if (progress.objects_total > 1)
    fields.push_back(fmt::format("{}/{} objects", progress.objects_finished, progress.objects_total));
  return fields;
}

std::string joined(const std::vector<std::string>& fields) {
  return fmt::format("{}", fmt::join(fields, "  "));
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character c = first_character(text);
    width += c.columns;
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string shorten(std::string_view text, int width) {
  if (width <= 0) return "";
  if (display_width(text) <= width) return std::string(text);
  if (width <= 5) return std::string(front_part(text, width));
  const int front = (width - 3) / 2;
  return std::string(front_part(text, front)) + "..." + std::string(back_part(text, width - 3 - front));
}

std::vector<std::string> progress_bar(const Progress& progress, int width) {
  const int room = width - 1;  // the last column would wrap on some terminals
  std::vector<std::string> lines;
  std::size_t hidden = 0;
  for (const ObjectProgress& object : progress.objects) {
    if (object.finished) continue;
    if (lines.size() < kMostObjects) {
      lines.push_back(object_line(object, room));
    } else {
      ++hidden;
    }
  }
  if (hidden > 0) lines.push_back(shorten(fmt::format("and {} more", hidden), room));
  std::vector<std::string> fields = fields_of(progress);
  while (fields.size() > 1 && display_width(joined(fields)) > room) fields.pop_back();
  lines.push_back(shorten(joined(fields), room));
  return lines;
}

std::string progress_line(const Progress& progress) {
  std::string name;
  for (const ObjectProgress& object : progress.objects)
    if (!object.finished && name.empty()) name = object.name;
  std::string line = joined(fields_of(progress));
  return name.empty() ? line : line + "  " + name;
}

Fields progress_json(const Progress& progress) {
  std::vector<Fields> objects, paths;
  for (const ObjectProgress& object : progress.objects)
    objects.push_back({{"name", object.name},
                       {"peer", object.peer},
                       {"bytes_done", object.bytes_done},
                       {"bytes_total", object.bytes_total},
                       {"finished", object.finished}});
  for (const PathProgress& path : progress.paths)
    paths.push_back({{"interface", path.interface},
                     {"peer", path.peer},
                     {"state", path.state},
                     {"first", path.first},
                     {"carrier", path.coded ? "coded" : "streams"},
                     {"rtt_us", path.rtt.count()},
                     {"loss", path.loss},
                     {"rate_bytes_per_s", path.rate},
                     {"wire_bytes", path.bytes}});
  Fields status{
      {"session", progress.session},
      {"state", progress.state},
      {"detail", progress.detail},
      {"objects", objects},
      {"objects_finished", progress.objects_finished},
      {"objects_total", progress.objects_total},
      {"bytes_done", progress.bytes_done},
      {"bytes_total", progress.bytes_total},
      {"rate_now_bytes_per_s", progress.rate_now},
      {"rate_average_bytes_per_s", progress.rate_average > 0 ? FieldValue(progress.rate_average) : nullptr},
      {"eta_s", progress.eta ? FieldValue(progress.eta->count()) : nullptr},
      {"wire_bytes", progress.wire_bytes},
      {"loss", progress.loss},
      {"rtt_us", progress.rtt.count()}};
  if (!paths.empty()) status.set("paths", paths);
  return status;
}

std::string speed_text(double carried_bytes, double seconds) {
  if (carried_bytes <= 0 || seconds <= 0) return "";
  constexpr double kWhole = 10;  // from so many seconds on, tenths say nothing
  const std::string time = seconds < kWhole ? fmt::format("{:.1f}s", seconds)
                                            : format_duration(std::chrono::seconds(std::llround(seconds)));
  return " in " + time + " at " + format_rate(carried_bytes / seconds);
}

}  // namespace dcdn::tool
