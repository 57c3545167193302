#include "common/option_table.hpp"

#include <fmt/format.h>

#include <charconv>

#include "common/terminal.hpp"

namespace dcdn::tool {

namespace {

bool is_none(const std::string& text) {
  return text == "0" || text == "none";
}

Error out_of_range(const std::string& text, const std::string& low, const std::string& high) {
  return {Errc::usage, fmt::format("'{}' is outside {} to {}", escape(text), low, high)};
}

/// A bound for a person: exact, because it may be typed back.
std::string size_bound(std::uint64_t bytes) {
  const std::string text = default_size(bytes);
  return text.empty() ? "0" : text;
}

std::string duration_bound(std::chrono::milliseconds duration) {
  const std::string text = default_duration(duration);
  return text.empty() ? "0s" : text;
}

}  // namespace

Result<std::uint64_t> parse_integer(const std::string& text, std::uint64_t low, std::uint64_t high) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || failure == std::errc::invalid_argument)
    return Error(Errc::usage, fmt::format("'{}' is not a whole number", escape(text)));
  if (failure != std::errc() || value < low || value > high)
    return out_of_range(text, std::to_string(low), std::to_string(high));
  return value;
}

Result<std::uint64_t> parse_size_in(const std::string& text, std::uint64_t low, std::uint64_t high) {
  DCDN_TRY(const std::uint64_t value, parse_size(text));
  if (value < low || value > high) return out_of_range(text, size_bound(low), size_bound(high));
  return value;
}

Result<std::chrono::milliseconds> parse_duration_in(const std::string& text, std::chrono::milliseconds low,
                                                    std::chrono::milliseconds high) {
  DCDN_TRY(const std::chrono::milliseconds value, parse_duration(text));
  if (value < low || value > high) return out_of_range(text, duration_bound(low), duration_bound(high));
  return value;
}

Result<bool> parse_bool(const std::string& text) {
  for (const char* yes : {"1", "true", "yes", "on"})
    if (text == yes) return true;
  for (const char* no : {"0", "false", "no", "off"})
    if (text == no) return false;
  return Error(Errc::usage, fmt::format("'{}' is neither true nor false", escape(text)));
}

std::string default_size(std::uint64_t bytes) {
  if (bytes == 0) return "";
  static constexpr const char* kUnits[] = {"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; unit < 4 && bytes % 1024 == 0; ++unit) bytes /= 1024;
  return std::to_string(bytes) + kUnits[unit];
}

std::string default_duration(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms == 0) return "";
  if (ms % 1000 != 0) return fmt::format("{}ms", ms);
  const auto s = ms / 1000;
  if (s % 86400 == 0) return fmt::format("{}d", s / 86400);
  if (s % 3600 == 0) return fmt::format("{}h", s / 3600);
  if (s > 120 && s % 60 == 0) return fmt::format("{}m", s / 60);
  return fmt::format("{}s", s);
}

Command& Command::subcommand(const std::string& name, const std::string& summary) {
  subcommands_.push_back(std::make_unique<Command>(name, summary));
  return *subcommands_.back();
}

Command& Command::usage(std::string form) {
  usages_.push_back(std::move(form));
  return *this;
}

Command& Command::example(std::string command, std::string says) {
  examples_.push_back({std::move(command), std::move(says)});
  return *this;
}

Command& Command::group(std::string heading) {
  group_ = std::move(heading);
  return *this;
}

Option& Command::add(Option option) {
  option.group = group_;
  options_.push_back(std::move(option));
  return options_.back();
}

Option& Command::custom(const std::string& name, Arity arity, const std::string& value,
                        const std::string& help, Apply apply) {
  Option option;
  option.name = name;
  option.arity = arity;
  option.value = value;
  option.help = help;
  option.apply = std::move(apply);
  if (arity == Arity::flag && option.apply) {
    // "DCDN_LIST=0" and "--list=false" mean: do not.
    option.apply = [inner = option.apply](const std::vector<std::string>& values) -> Result<void> {
      DCDN_TRY(const bool wanted, parse_bool(values.back()));
      return wanted ? inner(values) : Result<void>();
    };
  }
  return add(std::move(option));
}

Option& Command::number(const std::string& name, const std::string& value, const std::string& help,
                        std::function<Result<void>(const std::string&)> apply) {
  return custom(
      name, Arity::one, value, help,
      [apply = std::move(apply)](const std::vector<std::string>& values) { return apply(values.back()); });
}

Option& Command::flag(const std::string& name, bool& into, const std::string& help) {
  Option& option = custom(name, Arity::flag, "", help, nullptr);
  option.apply = [&into](const std::vector<std::string>& values) -> Result<void> {
    DCDN_TRY(into, parse_bool(values.back()));
    return {};
  };
  return option;
}

Option& Command::count(const std::string& name, int& into, const std::string& help) {
  constexpr std::uint64_t kMost = 9;
  return custom(name, Arity::count, "", help,
                [&into](const std::vector<std::string>& values) -> Result<void> {
                  DCDN_TRY(const std::uint64_t value, parse_integer(values.back(), 0, kMost));
                  into = static_cast<int>(value);
                  return {};
                });
}

Option& Command::text(const std::string& name, std::string& into, const std::string& value,
                      const std::string& help) {
  return number(name, value, help,
                [&into](const std::string& given) {
                  into = given;
                  return Result<void>();
                })
      .with_default(into);
}

Option& Command::list(const std::string& name, std::vector<std::string>& into, const std::string& value,
                      const std::string& help) {
  return custom(name, Arity::many, value, help, [&into](const std::vector<std::string>& values) {
    into = values;
    return Result<void>();
  });
}

Option& Command::rate(const std::string& name, std::uint64_t& into, const std::string& help) {
  Option& option = number(name, "RATE", help, [&into](const std::string& text) -> Result<void> {
    if (is_none(text)) return into = 0, Result<void>();
    DCDN_TRY(into, parse_rate(text));
    return {};
  });
  return option.with_default(into == 0 ? "" : default_size(into) + (into % 1024 == 0 ? "" : "B"));
}

Option& Command::duration(const std::string& name, std::chrono::milliseconds& into,
                          std::chrono::milliseconds low, std::chrono::milliseconds high,
                          const std::string& help, bool none) {
  Option& option =
      number(name, "TIME", help, [&into, low, high, none](const std::string& text) -> Result<void> {
        if (none && is_none(text)) return into = std::chrono::milliseconds(0), Result<void>();
        DCDN_TRY(into, parse_duration_in(text, low, high));
        return {};
      });
  return option.with_default(default_duration(into));
}

Option& Command::positional(const std::string& name, std::string& into, const std::string& help,
                            bool required) {
  Option& option = text(name, into, "", help).command_line_only();
  option.positional = true;
  option.required = required;
  return option;
}

Option& Command::positionals(const std::string& name, std::vector<std::string>& into, const std::string& help,
                             bool required) {
  Option& option = list(name, into, "", help).command_line_only();
  option.positional = true;
  option.required = required;
  return option;
}

}  // namespace dcdn::tool
