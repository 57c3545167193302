// cli_app.hpp - the command line of a tool: flag > environment > configuration file > default, --help,
// --version,
// --show-config, suggestions for typing errors. CLI11 does the splitting of argv and ends in cli_app.cpp.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/option_table.hpp"
#include "common/report.hpp"
#include "dcdn/result.hpp"

namespace dcdn::tool {

enum class Parsed {
  run,       ///< options are filled in: do the work
  finished,  ///< --help, --version and the like answered on standard output: exit 0
};

/// Example
///   CliApp app("dcdn-sign", "makes keys, signs and verifies chunk streams");
///   Command& keygen = app.root().subcommand("keygen", "makes a key pair");
///   keygen.text("name", options.name, "NAME", "name of the key");
///   DCDN_TRY(const Parsed parsed, app.parse(argc, argv, report));
///   if (parsed == Parsed::finished) return 0;
///   if (app.command() == "keygen") ...
class CliApp {
 public:
  /// `name` is the tool ("dcdn-send"); the part after "dcdn-" is its table in the configuration file. Adds
  /// the options every tool has: -q -v --json --progress --log-format --log-file --config --show-config
  /// --help --version.
  CliApp(std::string name, std::string summary);
  ~CliApp();
  CliApp(const CliApp&) = delete;
  CliApp& operator=(const CliApp&) = delete;

  Command& root();
  /// Fills in the variables the options point to and hands the common ones to `report`.
  /// error usage (exit 2): bad command line; config (exit 11): bad environment value or configuration file.
  Result<Parsed> parse(int argc, const char* const* argv, Report& report);
  /// After parse: the subcommand that was asked for ("trust add"), "" for the root.
  [[nodiscard]] std::string command() const;
  /// After parse: whether this long option was set by anything but its default.
  [[nodiscard]] bool was_given(const std::string& name) const;
  [[nodiscard]] const CommonOptions& common() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dcdn::tool
