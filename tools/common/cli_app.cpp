#include "common/cli_app.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "common/option_help.hpp"
#include "common/setting_sources.hpp"
#include "common/terminal.hpp"
#include "dcdn/version.hpp"

namespace dcdn::tool {

namespace {

struct Row {
  const Option* option;
  const Command* owner;
  CLI::Option* given;  ///< null for positionals
};

std::string comma_list(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

/// A TOML basic string.
std::string toml_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x20 || byte == 0x7F ? fmt::format("\\u{:04X}", byte) : std::string(1, c);
  }
  return out + "\"";
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word.front() == '-';
}

}  // namespace

struct CliApp::State {
  State(std::string name, std::string summary) : root(std::move(name), std::move(summary)) {}

  Command root;
  CommonOptions common;
  std::string config_path;
  bool help = false, version = false, show_config = false, dump = false;
  std::vector<std::string> words;  ///< of the command line, up to "--"
  std::vector<std::string> after;  ///< after "--"
  std::vector<Row> rows;
  CommandPath path;
  std::map<std::string, Applied> applied;

  void add_common();
  void register_options(CLI::App& app, const Command& command);
  Result<void> split(int argc, const char* const* argv);
  Result<std::vector<std::string>> run_parser();
  void follow(const CLI::App& app, const Command& command);
  Result<std::vector<std::string>> find_positionals(const std::vector<std::string>& extras) const;
  Result<void> hand_out(std::vector<std::string> positionals);
  Error unknown_option(const std::string& word) const;
  Error unknown_command(const std::string& word) const;
  bool asked_for(const std::string& name) const;
  Result<void> apply_options(const SettingSources& sources);
  std::vector<std::string> own_keys() const;
  void warn_of_old_names(Report& report) const;
  std::string effective_settings(const std::string& file) const;
  Result<Parsed> answer(Report& report) const;
  [[nodiscard]] bool in_path(const Command* owner) const {
    return std::find(path.begin(), path.end(), owner) != path.end();
  }
};

void CliApp::State::add_common() {
  root.group("Output");
  root.flag("quiet", common.quiet, "print errors only").with_short('q');
  root.count("verbose", common.verbose, "print more; twice for details").with_short('v');
  root.flag("json", common.json, "print one JSON object a line, for programs");
  root.choice<ProgressMode>("progress", common.progress,
                            {{"auto", ProgressMode::automatic},
                             {"bar", ProgressMode::bar},
                             {"lines", ProgressMode::lines},
                             {"none", ProgressMode::none}},
                            "how to show progress");
  root.choice<LogFormat>("log-format", common.log_format,
                         {{"text", LogFormat::text}, {"json", LogFormat::json}},
                         "form of messages on standard error and in the log");
  root.text("log-file", common.log_file, "FILE", "append messages to FILE").completes(Complete::file);
  root.group("General");
  root.text("config", config_path, "FILE", "read FILE instead of the usual configuration file")
      .completes(Complete::file)
      .command_line_only();
  root.flag("show-config", show_config, "print every setting and where it comes from, then exit")
      .command_line_only();
  root.flag("help", help, "print this help, then exit").with_short('h').command_line_only();
  root.flag("version", version, "print the version (with --json also what it was built with), then exit")
      .with_short('V')
      .command_line_only();
  root.flag("dump-options", dump, "print the option table as JSON, then exit").command_line_only().hide();
  root.group("Options");
}

void CliApp::State::register_options(CLI::App& app, const Command& command) {
  // CLI11 only splits argv here: whatever it does not know comes back, and is judged with our own words.
  app.set_help_flag("");
  app.allow_extras();
  app.fallthrough();
  app.require_subcommand(command.subcommands().empty() ? 0 : -1);
  for (const Option& option : command.options()) {
    CLI::Option* given = nullptr;
    if (!option.positional) {
      std::string names = option.short_name == 0 ? "--" + option.name
                                                 : fmt::format("-{},--{}", option.short_name, option.name);
      if (!option.old_name.empty()) names += ",--" + option.old_name;
      const bool takes_value = option.arity == Arity::one || option.arity == Arity::many;
      given = takes_value ? app.add_option(names) : app.add_flag(names);
      if (takes_value) given->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    rows.push_back({&option, &command, given});
  }
  for (const auto& sub : command.subcommands()) register_options(*app.add_subcommand(sub->name()), *sub);
}

Result<void> CliApp::State::split(int argc, const char* const* argv) {
  bool options_ended = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (options_ended) {
      after.push_back(word);
    } else if (word == "--") {
      options_ended = true;
    } else if (word == "++") {  // CLI11 gives this a meaning of its own
      return Error(Errc::usage, "unexpected argument ++").with_hint("a file of that name is ./++");
    } else if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      return Error(Errc::usage, fmt::format("{} needs a value", escape(word.substr(0, word.size() - 1))));
    } else {
      words.push_back(word);
    }
  }
  return {};
}

/// What CLI11 did not know: positional arguments and typing errors.
Result<std::vector<std::string>> CliApp::State::run_parser() {
  CLI::App app;
  register_options(app, root);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ArgumentMismatch&) {
    return Error(Errc::usage, fmt::format("{} needs a value", escape(words.back())));
  } catch (const CLI::ParseError& error) {
    return Error(Errc::usage, error.what());
  }
  follow(app, root);
  std::vector<std::string> extras = app.remaining(true);
  for (const Row& row : rows) {
    if (row.given == nullptr || row.given->results().empty()) continue;
    Applied& now = applied["--" + row.option->name];
    now.source = SettingSource::flag;
    now.values = row.given->results();
    if (row.option->arity == Arity::count && now.values.back() == "true")
      now.values = {std::to_string(now.values.size())};
    if (row.option->arity == Arity::one) now.values = {now.values.back()};
    if (!in_path(row.owner)) return unknown_option("--" + row.option->name);
  }
  return extras;
}

void CliApp::State::follow(const CLI::App& app, const Command& command) {
  path.push_back(&command);
  for (const auto& sub : command.subcommands())
    if (app.got_subcommand(sub->name())) return follow(*app.get_subcommand(sub->name()), *sub);
}

Error CliApp::State::unknown_option(const std::string& word) const {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const Row& row : rows)
    if (!row.option->positional && !row.option->hidden && in_path(row.owner))
      known.push_back("--" + row.option->name);
  const std::string nearest = name.starts_with("--") ? nearest_name(name, known) : "";
  const std::string suggestion = nearest.empty() ? "" : "; did you mean " + nearest;
  return Error(Errc::usage, fmt::format("unknown option {}{}", name, suggestion))
      .with_hint(nearest.empty() ? root.name() + " --help lists the options" : "");
}

Error CliApp::State::unknown_command(const std::string& word) const {
  std::vector<std::string> known;
  for (const auto& sub : path.back()->subcommands()) known.push_back(sub->name());
  if (word.empty()) return {Errc::usage, "a command is needed: " + comma_list(known)};
  const std::string nearest = nearest_name(word, known);
  if (!nearest.empty())
    return {Errc::usage, fmt::format("unknown command {}; did you mean {}", word, nearest)};
  return {Errc::usage, fmt::format("unknown command {}; there are {}", word, comma_list(known))};
}

Result<std::vector<std::string>> CliApp::State::find_positionals(
    const std::vector<std::string>& extras) const {
  std::vector<std::string> positionals;
  for (const std::string& word : extras) {
    if (is_option(word)) return unknown_option(word);
    positionals.push_back(word);
  }
  positionals.insert(positionals.end(), after.begin(), after.end());
  if (!path.back()->subcommands().empty())
    return unknown_command(positionals.empty() ? "" : positionals.front());
  return positionals;
}

Result<void> CliApp::State::hand_out(std::vector<std::string> positionals) {
  auto next = positionals.begin();
  for (const Option& option : path.back()->options()) {
    if (!option.positional) continue;
    const auto end = option.arity == Arity::many ? positionals.end() : std::min(next + 1, positionals.end());
    if (next == end && option.required)
      return Error(Errc::usage, fmt::format("{} is missing", option.name))
          .with_hint(root.name() + (path.size() > 1 ? " " + path.back()->name() : "") +
                     " --help shows the usage");
    if (next == end) continue;
    const auto done = option.apply({next, end});
    if (!done) return done.error().during(option.name);
    next = end;
  }
  if (next != positionals.end()) return Error(Errc::usage, fmt::format("unexpected argument {}", *next));
  return {};
}

bool CliApp::State::asked_for(const std::string& name) const {
  const auto found = applied.find("--" + name);
  return found != applied.end() && found->second.values.back() == "true";
}

std::vector<std::string> CliApp::State::own_keys() const {
  std::vector<std::string> keys;
  for (const Row& row : rows) {
    if (!row.option->settable) continue;
    keys.push_back(row.option->name);
    if (!row.option->old_name.empty()) keys.push_back(row.option->old_name);
  }
  return keys;
}

void CliApp::State::warn_of_old_names(Report& report) const {
  for (const Row& row : rows) {
    const std::string old = "--" + row.option->old_name;
    const auto is_old = [&](const std::string& word) { return word.substr(0, word.find('=')) == old; };
    if (!row.option->old_name.empty() && in_path(row.owner) &&
        std::any_of(words.begin(), words.end(), is_old))
      report.warning(old + " is called --" + row.option->name + " now; the next release knows that only");
  }
}

Result<void> CliApp::State::apply_options(const SettingSources& sources) {
  std::map<std::string, Applied> done;
  for (const Row& row : rows) {
    if (row.option->positional || !in_path(row.owner)) continue;
    const auto flag = applied.find("--" + row.option->name);
    const std::vector<std::string> values =
        flag == applied.end() ? std::vector<std::string>{} : flag->second.values;
    DCDN_TRY(done[row.option->name], sources.apply(*row.option, values));
  }
  applied = std::move(done);
  return {};
}

/// In TOML, so that it can be kept as a configuration file.
std::string CliApp::State::effective_settings(const std::string& file) const {
  std::string out = fmt::format("# configuration file: {}\n", file.empty() ? "none" : escape(file));
  for (const Row& row : rows) {
    if (!row.option->settable || !in_path(row.owner)) continue;
    const Applied& now = applied.at(row.option->name);
    std::vector<std::string> values = now.values;
    if (values.empty() && !row.option->default_text.empty()) values = {row.option->default_text};
    if (values.empty()) {
      out += fmt::format("# {} is not set\n", row.option->name);
      continue;
    }
    for (std::string& value : values) value = toml_string(value);
    const bool many = row.option->arity == Arity::many;
    const std::string text = many ? "[" + comma_list(values) + "]" : values.back();
    out += fmt::format("{} = {}  # {}\n", row.option->name, text, escape(now.where));
  }
  return out;
}

Result<Parsed> CliApp::State::answer(Report& report) const {
  if (asked_for("dump-options")) {
    report.print(dump_options(root, dcdn::version()).json() + "\n");
    return Parsed::finished;
  }
  if (asked_for("help")) {
    report.print(help_text(path));
    return Parsed::finished;
  }
  if (!asked_for("version")) return Parsed::run;
  if (!asked_for("json")) {
    report.print(fmt::format("{} {}\n", root.name(), dcdn::version()));
    return Parsed::finished;
  }
  std::vector<std::string> features;
  for (const std::string& line : CLI::detail::split(dcdn::features(), '\n'))
    if (!line.empty()) features.push_back(line);
  CommonOptions options;
  options.json = true;
  DCDN_CHECK(report.configure(options));
  report.json("version", {{"tool", root.name()}, {"version", dcdn::version()}, {"features", features}});
  return Parsed::finished;
}

CliApp::CliApp(std::string name, std::string summary)
    : state_(std::make_unique<State>(std::move(name), std::move(summary))) {}

CliApp::~CliApp() = default;

Command& CliApp::root() {
  return state_->root;
}

Result<Parsed> CliApp::parse(int argc, const char* const* argv, Report& report) {
  State& state = *state_;
  state.add_common();
  DCDN_CHECK(state.split(argc, argv));
  if (std::find(state.words.begin(), state.words.end(), "--json") != state.words.end()) {
    // Errors in the rest of the command line are for a program already.
    CommonOptions early;
    early.json = true;
    DCDN_CHECK(report.configure(early));
  }
  DCDN_TRY(const std::vector<std::string> extras, state.run_parser());
  DCDN_TRY(const Parsed answered, state.answer(report));
  if (answered == Parsed::finished) return answered;
  const auto config = state.applied.find("--config");
  const std::string file = config == state.applied.end() ? "" : config->second.values.back();
  const bool show = state.asked_for("show-config");
  DCDN_TRY(
      std::vector<std::string> positionals,
      show ? Result<std::vector<std::string>>(std::vector<std::string>()) : state.find_positionals(extras));
  DCDN_TRY(const SettingSources sources, SettingSources::read(state.root.name(), file, state.own_keys()));
  DCDN_CHECK(state.apply_options(sources));
  if (!show) DCDN_CHECK(state.hand_out(std::move(positionals)));
  DCDN_CHECK(report.configure(state.common));
  state.warn_of_old_names(report);
  if (!show) return Parsed::run;
  report.print(state.effective_settings(sources.file()));
  return Parsed::finished;
}

std::string CliApp::command() const {
  std::string name;
  for (std::size_t i = 1; i < state_->path.size(); ++i) name += (i == 1 ? "" : " ") + state_->path[i]->name();
  return name;
}

bool CliApp::was_given(const std::string& name) const {
  const auto found = state_->applied.find(name);
  return found != state_->applied.end() && found->second.source != SettingSource::fallback;
}

const CommonOptions& CliApp::common() const {
  return state_->common;
}

}  // namespace dcdn::tool
