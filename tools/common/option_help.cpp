#include "common/option_help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dcdn::tool {

namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kHelpColumn = 27;

std::string full_name(const CommandPath& path) {
  std::string name;
  for (const Command* command : path) name += (name.empty() ? "" : " ") + command->name();
  return name;
}

/// "  -o, --output DIR": the left column of one row.
std::string row_head(const Option& option) {
  if (option.positional) return fmt::format("  {}{}", option.name, option.arity == Arity::many ? "..." : "");
  const std::string letter = option.short_name != 0 ? fmt::format("-{},", option.short_name) : "   ";
  // A long list of words would push the help off the page; it stands in the help instead.
  const bool short_value = option.value.size() <= 20;
  const std::string value = option.value.empty() ? "" : " " + (short_value ? option.value : "WORD");
  return fmt::format("  {} --{}{}", letter, option.name, value);
}

std::string row_help(const Option& option) {
  std::string help = option.help;
  if (!option.positional && option.value.size() > 20) help += ": " + option.value;
  if (!option.default_text.empty()) help += fmt::format(" [{}]", option.default_text);
  if (option.arity == Arity::many && !option.positional) help += "; may be repeated";
  return help;
}

void append_row(std::string& out, const std::string& head, const std::string& help) {
  std::string line = head;
  if (line.size() + 2 > kHelpColumn) {
    out += line + "\n";
    line.clear();
  }
  for (const std::string& part : wrap_words(help, kWidth - kHelpColumn)) {
    line.resize(kHelpColumn, ' ');
    out += line + part + "\n";
    line.clear();
  }
}

void append_examples(std::string& out, const Command& command) {
  if (command.examples().empty()) return;
  out += "Examples:\n";
  for (const Example& example : command.examples()) {
    const std::vector<std::string> parts = wrap_words(example.command, kWidth - 10);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool last = i + 1 == parts.size();
      out += fmt::format("{}{}{}\n", i == 0 ? "  " : "      ", parts[i], last ? "" : " \\");
    }
    for (const std::string& line : wrap_words(example.says, kWidth - 6)) out += "      " + line + "\n";
  }
  out += "\n";
}

void append_usage(std::string& out, const CommandPath& path) {
  const Command& command = *path.back();
  std::vector<std::string> forms = command.usages();
  if (forms.empty()) {
    std::string form = command.subcommands().empty() ? "" : "COMMAND";
    for (const Option& option : command.options()) {
      if (!option.positional) continue;
      const std::string name = option.name + (option.arity == Arity::many ? "..." : "");
      form += (form.empty() ? "" : " ") + (option.required ? name : "[" + name + "]");
    }
    forms.push_back(form);
  }
  const std::string start = full_name(path) + " [OPTION]...";
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const std::vector<std::string> parts = wrap_words(start + " " + forms[i], kWidth - 11);
    for (std::size_t j = 0; j < parts.size(); ++j)
      out += (i == 0 && j == 0 ? "Usage: " : j == 0 ? "       " : "           ") + parts[j] + "\n";
  }
  out += "\n";
}

void append_options(std::string& out, const Command& command) {
  std::vector<std::string> groups;
  for (const Option& option : command.options())
    if (!option.positional && !option.hidden &&
        std::find(groups.begin(), groups.end(), option.group) == groups.end())
      groups.push_back(option.group);
  for (const std::string& group : groups) {
    out += "\n" + group + ":\n";
    for (const Option& option : command.options())
      if (!option.positional && !option.hidden && option.group == group)
        append_row(out, row_head(option), row_help(option));
  }
}

const char* name_of(Complete kind) {
  switch (kind) {
    case Complete::nothing:
      return "nothing";
    case Complete::file:
      return "file";
    case Complete::directory:
      return "directory";
    case Complete::choice:
      return "choice";
    case Complete::host:
      return "host";
  }
  return "nothing";
}

Fields dump_option(const Option& option) {
  Fields row{{"name", option.name},
             {"formerly", option.old_name},
             {"short", option.short_name == 0 ? "" : std::string(1, option.short_name)},
             {"value", option.value},
             {"help", option.help},
             {"default", option.default_text},
             {"group", option.group},
             {"complete", name_of(option.complete)},
             {"choices", option.choices},
             {"repeatable", option.arity == Arity::many || option.arity == Arity::count},
             {"hidden", option.hidden},
             {"setting", option.settable}};
  if (option.positional) row.set("required", option.required);
  return row;
}

void dump_command(std::vector<Fields>& commands, const Command& command, const std::string& name) {
  std::vector<Fields> options, arguments;
  for (const Option& option : command.options())
    (option.positional ? arguments : options).push_back(dump_option(option));
  commands.push_back(
      {{"command", name}, {"summary", command.summary()}, {"options", options}, {"arguments", arguments}});
  for (const auto& sub : command.subcommands())
    dump_command(commands, *sub, name.empty() ? sub->name() : name + " " + sub->name());
}

}  // namespace

std::vector<std::string> wrap_words(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      lines.push_back(line);
      line.clear();
    }
    if (!word.empty()) line += (line.empty() ? "" : " ") + word;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string help_text(const CommandPath& path) {
  const Command& command = *path.back();
  std::string out;
  append_examples(out, command);
  for (const std::string& line : wrap_words(full_name(path) + " - " + command.summary(), kWidth))
    out += line + "\n";
  out += "\n";
  append_usage(out, path);
  for (const Option& option : command.options())
    if (option.positional) append_row(out, row_head(option), row_help(option));
  if (!command.subcommands().empty()) out += "Commands:\n";
  for (const auto& sub : command.subcommands()) append_row(out, "  " + sub->name(), sub->summary());
  append_options(out, command);
  if (path.size() > 1) out += fmt::format("\nOptions of all commands: {} --help\n", path.front()->name());
  out += fmt::format("\nThe whole story: man {}\n", path.front()->name());
  return out;
}

Fields dump_options(const Command& root, const std::string& version) {
  std::vector<Fields> commands;
  dump_command(commands, root, "");
  return {{"tool", root.name()}, {"version", version}, {"summary", root.summary()}, {"commands", commands}};
}

}  // namespace dcdn::tool
