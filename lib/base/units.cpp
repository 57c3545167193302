#include "dcdn/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.hpp"

namespace dcdn {

namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
// More digits would only pretend: six keep every product of fraction and unit below 2^63.
constexpr std::size_t kMaxFractionDigits = 6;
// Far below where milliseconds turned into nanoseconds leave 63 bits, so that clock arithmetic cannot
// overflow.
constexpr std::uint64_t kLongestDuration = std::uint64_t{36500} * 24 * 3600 * 1000;

/// A decimal number: whole + fraction / scale, and how many characters it took.
struct Number {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  std::uint64_t scale = 1;
  std::size_t length = 0;
  [[nodiscard]] bool is_zero() const { return whole == 0 && fraction == 0; }
};

/// What is being read, for messages: "size '5x'".
struct Subject {
  std::string_view kind;
  std::string_view text;
  [[nodiscard]] Error error(std::string_view why) const {
    return {Errc::usage, fmt::format("{} '{}' {}", kind, escape_for_display(text), why)};
  }
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Not std::tolower: that asks the locale.
char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Result<Number> read_number(std::string_view text, const Subject& subject) {
  if (text.empty()) return subject.error("is empty");
  if (text.front() == '-') return subject.error("is negative");
  Number number;
  std::size_t at = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    const auto digit = static_cast<std::uint64_t>(text[at] - '0');
    if (number.whole > (kLargest - digit) / 10) return subject.error("is too large");
    number.whole = number.whole * 10 + digit;
  }
  if (at == 0) return subject.error("does not start with a digit");
  if (at < text.size() && text[at] == '.') {
    const std::size_t first = ++at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (at - first == kMaxFractionDigits) return subject.error("has more than six decimals");
      number.fraction = number.fraction * 10 + static_cast<std::uint64_t>(text[at] - '0');
      number.scale *= 10;
    }
    if (at == first) return subject.error("has no digit after the point");
  }
  number.length = at;
  return number;
}

/// number * unit, rounded down; nullopt if over `limit`.
std::optional<std::uint64_t> multiply(const Number& number, std::uint64_t unit, std::uint64_t limit) {
  const std::uint64_t below = number.fraction * unit / number.scale;
  if (below > limit || number.whole > (limit - below) / unit) return std::nullopt;
  return number.whole * unit + below;
}

struct Prefix {
  std::uint64_t factor = 1;
  std::size_t length = 0;
};

Prefix read_prefix(std::string_view unit) {
  static constexpr std::string_view kLetters = "kmgt";
  const std::size_t power = unit.empty() ? std::string_view::npos : kLetters.find(to_lower(unit.front()));
  if (power == std::string_view::npos) return {};
  const bool binary = unit.size() > 1 && to_lower(unit[1]) == 'i';
  Prefix prefix{1, binary ? std::size_t{2} : std::size_t{1}};
  for (std::size_t i = 0; i <= power; ++i) prefix.factor *= binary ? 1024 : 1000;
  return prefix;
}

/// The unit after a number; one space between them is allowed, because that is how we print it.
std::string_view unit_of(std::string_view text, std::size_t number_length) {
  std::string_view unit = text.substr(number_length);
  if (unit.size() > 1 && unit.front() == ' ') unit.remove_prefix(1);
  return unit;
}

bool is_bit(std::string_view unit) {
  if (unit == "b") return true;
  return unit.size() == 3 && to_lower(unit[0]) == 'b' && to_lower(unit[1]) == 'i' && to_lower(unit[2]) == 't';
}

struct DurationUnit {
  std::string_view name;
  std::uint64_t milliseconds;
};
// Largest first: parts of a duration must come in this order. "ms" is told from "m" by the whole run of
// letters.
constexpr std::array<DurationUnit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

std::size_t letters_at_front(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length])) ++length;
  return length;
}

struct Scaled {
  double value;
  std::size_t unit;
};

/// The value in the unit that leaves at most three digits before the point, after rounding to three.
Scaled scale_for_person(double value, std::size_t last_unit) {
  std::size_t unit = 0;
  for (; value >= 999.5 && unit < last_unit; ++unit) value /= 1000;
  return {value, unit};
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const Subject subject{"size", text};
  DCDN_TRY(const Number number, read_number(text, subject));
  const std::string_view unit = unit_of(text, number.length);
  const Prefix prefix = read_prefix(unit);
  const std::string_view rest = unit.substr(prefix.length);
  if (is_bit(rest)) return subject.error("counts bits").with_hint("sizes are in bytes: end it in B");
  if (!rest.empty() && rest != "B")
    return subject.error("has an unknown unit")
        .with_hint("k M G T (powers of 1000) or Ki Mi Gi Ti (of 1024)");
  const auto bytes = multiply(number, prefix.factor, kLargest);
  if (!bytes) return subject.error("is too large");
  if (*bytes == 0 && !number.is_zero()) return subject.error("is less than one byte");
  return *bytes;
}

Result<std::uint64_t> parse_rate(std::string_view text) {
  const Subject subject{"rate", text};
  DCDN_TRY(const Number number, read_number(text, subject));
  std::string_view unit = unit_of(text, number.length);
  if (unit.ends_with("/s")) unit.remove_suffix(2);
  const Prefix prefix = read_prefix(unit);
  const std::string_view rest = unit.substr(prefix.length);
  if (rest.empty()) {
    // The hint repeats what was typed, with both endings, so that one of them can be copied.
    const std::string_view digits = text.substr(0, number.length);
    const std::string_view letters = prefix.length == 0 ? "k" : unit.substr(0, prefix.length);
    return subject.error("has no unit")
        .with_hint(
            fmt::format("write {0}{1}bit (bits a second) or {0}{1}B (bytes a second)", digits, letters));
  }
  const bool bits = is_bit(rest);
  if (!bits && rest != "B")
    return subject.error("has an unknown unit").with_hint("such as 800kbit, 2.5Mbit, 100kB or 3MiB");
  const auto amount = multiply(number, prefix.factor, kLargest);
  if (!amount) return subject.error("is too large");
  const std::uint64_t bytes = bits ? *amount / 8 : *amount;
  // Rounded down to 0 it would mean "no limit".
  if (bytes == 0 && !number.is_zero()) return subject.error("is less than one byte a second");
  return bytes;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const Subject subject{"duration", text};
  std::uint64_t total = 0;
  std::size_t next_unit = 0;
  bool all_zero = true;
  std::string_view left = text;
  do {
    DCDN_TRY(const Number number, read_number(left, subject));
    left.remove_prefix(number.length);
    const std::string_view name = left.substr(0, letters_at_front(left));
    if (name.empty())
      return subject.error("has no unit").with_hint("d, h, m, s or ms: for example 90s or 2m30s");
    const auto* unit = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                                    [&](const DurationUnit& known) { return known.name == name; });
    if (unit == kDurationUnits.end())
      return subject.error("has an unknown unit").with_hint("d, h, m, s or ms: for example 90s or 2m30s");
    const auto index = static_cast<std::size_t>(unit - kDurationUnits.begin());
    if (index < next_unit)
      return subject.error("has its parts out of order").with_hint("largest unit first: 2m30s");
    next_unit = index + 1;
    const auto part = multiply(number, unit->milliseconds, kLongestDuration - total);
    if (!part) return subject.error("is longer than 36500d");
    total += *part;
    all_zero = all_zero && number.is_zero();
    left.remove_prefix(name.size());
  } while (!left.empty());
  if (total == 0 && !all_zero) return subject.error("is less than one millisecond");
  return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 7> kUnits{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  const Scaled scaled = scale_for_person(static_cast<double>(bytes), kUnits.size() - 1);
  return fmt::format("{:.3g} {}", scaled.value, kUnits[scaled.unit]);
}

std::string format_rate(double bytes_per_s) {
  static constexpr std::array<std::string_view, 7> kUnits{"bit/s",  "kbit/s", "Mbit/s", "Gbit/s",
                                                          "Tbit/s", "Pbit/s", "Ebit/s"};
  const double bits = bytes_per_s * 8;
  if (!std::isfinite(bits) || bits < 1) return "0 bit/s";
  const Scaled scaled = scale_for_person(bits, kUnits.size() - 1);
  return fmt::format("{:.3g} {}", scaled.value, kUnits[scaled.unit]);
}

std::string format_duration(std::chrono::seconds duration) {
  const auto s = std::max<std::int64_t>(duration.count(), 0);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

}  // namespace dcdn
