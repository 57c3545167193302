// report.hpp - what a tool says: errors, hints and notes for a person on standard error, one JSON object a
// line for a program.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/fields.hpp"
#include "dcdn/result.hpp"

namespace dcdn::tool {

enum class ProgressMode { automatic, bar, lines, none };
enum class LogFormat { text, json };

/// The options every tool has.
struct CommonOptions {
  bool quiet = false;  ///< errors only
  int verbose = 0;     ///< 1, 2
  bool json = false;
  ProgressMode progress = ProgressMode::automatic;
  LogFormat log_format = LogFormat::text;
  std::string log_file;  ///< empty: standard error
};

/// Threads  any; each line is written whole.
class Report {
 public:
  explicit Report(std::string tool);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  /// After the arguments are known (CliApp::parse does it). error: the log file cannot be opened.
  Result<void> configure(const CommonOptions& options);
  /// Standard output carries data in this run: JSON goes to standard error instead.
  void stdout_carries_data();

  /// "dcdn-send: message" and "dcdn-send: hint: ..." on standard error, or a JSON `error` object with --json.
  void error(const Error& error);
  /// "dcdn-send: warning: ..."; shown even with --quiet.
  void warning(const std::string& text);
  /// level 0 normal (hidden by --quiet), 1 with -v, 2 with -vv.
  void note(int level, const std::string& text);
  /// One JSON object on its own line, with `message_type` and `schema` 1 put in; does nothing without --json.
  void json(const std::string& message_type, Fields object);
  /// A result on standard output, one line ("12 objects, 1.4 GB"); nothing with --json. Not escaped: see
  /// terminal.hpp.
  void line(const std::string& text);
  /// Text on standard output as it is.
  void print(std::string_view text);
  /// The first failure to write what belongs on standard output: closed_pipe, no_space, io.
  [[nodiscard]] std::optional<Error> output_error() const;

  [[nodiscard]] const std::string& tool() const;
  [[nodiscard]] const CommonOptions& options() const;
  [[nodiscard]] bool json_wanted() const { return options().json; }

  /// A line of progress on standard error, with the tool's name in front; never in the log.
  void display_line(const std::string& text);
  /// A progress display shares the terminal: called with true before a line is printed, with false after it.
  void on_interrupt_display(std::function<void(bool before)> hook);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dcdn::tool
