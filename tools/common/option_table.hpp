// option_table.hpp - the one table a tool keeps of its options: --help, the man-page check, completions, the
// environment and the configuration file all read it.
#pragma once
#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dcdn/result.hpp"
#include "dcdn/units.hpp"

namespace dcdn::tool {

enum class Complete { nothing, file, directory, choice, host };

/// What one value means: turns texts into the caller's variable. Errors carry neither option name nor source;
/// the parser puts "--rate: " or "DCDN_RATE: " or "config.toml:3: rate: " in front.
using Apply = std::function<Result<void>(const std::vector<std::string>& values)>;

enum class Arity { flag, count, one, many };

/// One row. Made by the functions of Command; refine it with the chained calls.
struct Option {
  std::string name;  ///< long name without dashes; for a positional its placeholder ("PATH")
  char short_name = 0;
  std::string old_name;  ///< taken as well, with a warning, until the next release
  std::string value;     ///< placeholder; empty for flags
  std::string help;
  std::string default_text;  ///< empty: nothing to show
  std::string group;
  Complete complete = Complete::nothing;
  std::vector<std::string> choices;
  Arity arity = Arity::one;
  bool positional = false;
  bool required = false;  ///< positionals only
  bool hidden = false;
  bool settable = true;  ///< also from DCDN_NAME and the configuration file
  Apply apply;

  Option& with_short(char letter) { return short_name = letter, *this; }
  Option& formerly(std::string old) { return old_name = std::move(old), *this; }
  Option& with_default(std::string text) { return default_text = std::move(text), *this; }
  Option& completes(Complete kind) { return complete = kind, *this; }
  /// A command or a one-off: not from the environment, not from the configuration file.
  Option& command_line_only() { return settable = false, *this; }
  Option& hide() { return hidden = true, *this; }
};

struct Example {
  std::string command;
  std::string says;
};

/// A tool itself (the root) or one of its subcommands. Pointers given to it must outlive CliApp::parse.
class Command {
 public:
  Command(std::string name, std::string summary) : name_(std::move(name)), summary_(std::move(summary)) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command& subcommand(const std::string& name, const std::string& summary);
  /// One line of "Usage:" after the name: "PATH... DEST". Several calls, several lines.
  Command& usage(std::string form);
  Command& example(std::string command, std::string says);
  /// Options added from here on stand under this heading.
  Command& group(std::string heading);

  /// The value a variable holds when its option is added is the default that --help shows.
  Option& flag(const std::string& name, bool& into, const std::string& help);
  Option& count(const std::string& name, int& into, const std::string& help);
  Option& text(const std::string& name, std::string& into, const std::string& value, const std::string& help);
  /// May be given several times; in the environment separated by commas, in the file an array.
  Option& list(const std::string& name, std::vector<std::string>& into, const std::string& value,
               const std::string& help);
  /// Anything else: `apply` gets what was given (one text, or all of them for Arity::many); for Arity::flag
  /// it is called only when the flag is true.
  Option& custom(const std::string& name, Arity arity, const std::string& value, const std::string& help,
                 Apply apply);

  /// low..high inclusive; the error names the range.
  template <class T>
  Option& integer(const std::string& name, T& into, std::uint64_t low, std::uint64_t high,
                  const std::string& help);
  /// "64KiB"; low..high in bytes.
  template <class T>
  Option& size(const std::string& name, T& into, std::uint64_t low, std::uint64_t high,
               const std::string& help);
  /// "800kbit", as bytes per second; "0" or "none" for unlimited (0).
  Option& rate(const std::string& name, std::uint64_t& into, const std::string& help);
  /// "2m30s"; low..high. With `none` a plain "0" or "none" gives zero whatever `low` is.
  Option& duration(const std::string& name, std::chrono::milliseconds& into, std::chrono::milliseconds low,
                   std::chrono::milliseconds high, const std::string& help, bool none = false);
  template <class T>
  Option& choice(const std::string& name, T& into, std::vector<std::pair<std::string, T>> values,
                 const std::string& help);

  /// A positional argument; `into` gets it. Only the last may take many.
  Option& positional(const std::string& name, std::string& into, const std::string& help, bool required);
  Option& positionals(const std::string& name, std::vector<std::string>& into, const std::string& help,
                      bool required);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& summary() const { return summary_; }
  [[nodiscard]] const std::vector<std::string>& usages() const { return usages_; }
  [[nodiscard]] const std::vector<Example>& examples() const { return examples_; }
  [[nodiscard]] const std::deque<Option>& options() const { return options_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Command>>& subcommands() const { return subcommands_; }

 private:
  Option& add(Option option);
  Option& number(const std::string& name, const std::string& value, const std::string& help,
                 std::function<Result<void>(const std::string&)> apply);
  std::string name_;
  std::string summary_;
  std::string group_ = "Options";
  std::vector<std::string> usages_;
  std::vector<Example> examples_;
  std::deque<Option> options_;  // a deque: references to rows stay valid
  std::vector<std::unique_ptr<Command>> subcommands_;
};

/// A whole number in low..high. error usage: names the range.
Result<std::uint64_t> parse_integer(const std::string& text, std::uint64_t low, std::uint64_t high);
/// parse_size in low..high.
Result<std::uint64_t> parse_size_in(const std::string& text, std::uint64_t low, std::uint64_t high);
/// parse_duration in low..high.
Result<std::chrono::milliseconds> parse_duration_in(const std::string& text, std::chrono::milliseconds low,
                                                    std::chrono::milliseconds high);
/// "1/true/yes/on" and "0/false/no/off".
Result<bool> parse_bool(const std::string& text);
/// A default as --help shows it: exact when it is a whole number of units ("64KiB", "10s"), "" for zero.
std::string default_size(std::uint64_t bytes);
std::string default_duration(std::chrono::milliseconds duration);

namespace detail {
template <class T>
std::uint64_t number_of(const T& value) {
  return static_cast<std::uint64_t>(value);
}
template <class T>
std::uint64_t number_of(const std::optional<T>& value) {
  return value ? static_cast<std::uint64_t>(*value) : 0;
}
template <class T>
void assign(T& into, std::uint64_t value) {
  into = static_cast<T>(value);
}
template <class T>
void assign(std::optional<T>& into, std::uint64_t value) {
  into = static_cast<T>(value);
}
template <class T>
struct Plain {
  using type = T;
};
template <class T>
struct Plain<std::optional<T>> {
  using type = T;
};
/// `high` cut to what the variable can hold, so that no value is silently shortened.
template <class T>
std::uint64_t cut(std::uint64_t high) {
  return std::min<std::uint64_t>(
      high, static_cast<std::uint64_t>(std::numeric_limits<typename Plain<T>::type>::max()));
}
}  // namespace detail

template <class T>
Option& Command::integer(const std::string& name, T& into, std::uint64_t low, std::uint64_t high,
                         const std::string& help) {
  high = detail::cut<T>(high);
  Option& option = number(name, "N", help, [&into, low, high](const std::string& text) -> Result<void> {
    DCDN_TRY(const std::uint64_t value, parse_integer(text, low, high));
    detail::assign(into, value);
    return {};
  });
  const std::uint64_t now = detail::number_of(into);
  return option.with_default(now == 0 && low > 0 ? "" : std::to_string(now));
}

template <class T>
Option& Command::size(const std::string& name, T& into, std::uint64_t low, std::uint64_t high,
                      const std::string& help) {
  high = detail::cut<T>(high);
  Option& option = number(name, "SIZE", help, [&into, low, high](const std::string& text) -> Result<void> {
    DCDN_TRY(const std::uint64_t value, parse_size_in(text, low, high));
    detail::assign(into, value);
    return {};
  });
  return option.with_default(default_size(detail::number_of(into)));
}

template <class T>
Option& Command::choice(const std::string& name, T& into, std::vector<std::pair<std::string, T>> values,
                        const std::string& help) {
  std::vector<std::string> words;
  std::string placeholder;
  std::string current;
  for (const auto& [word, value] : values) {
    words.push_back(word);
    placeholder += (placeholder.empty() ? "" : "|") + word;
    if (value == into) current = word;
  }
  Option& option =
      number(name, placeholder, help, [&into, values, placeholder](const std::string& text) -> Result<void> {
        for (const auto& [word, value] : values)
          if (word == text) return into = value, Result<void>();
        return Error(Errc::usage, "'" + text + "' is none of " + placeholder);
      });
  option.choices = std::move(words);
  return option.completes(Complete::choice).with_default(current);
}

}  // namespace dcdn::tool
