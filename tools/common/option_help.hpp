// option_help.hpp - what the option table looks like to a person (--help) and to a program (--dump-options).
#pragma once
#include <string>
#include <vector>

#include "common/fields.hpp"
#include "common/option_table.hpp"

namespace dcdn::tool {

/// The root, then the subcommands down to the one meant: {root, trust, add}.
using CommandPath = std::vector<const Command*>;

/// At most 80 columns; examples come first.
std::string help_text(const CommandPath& path);
/// {"tool", "version", "summary", "commands": [{"command", "summary", "options": [...], "arguments":
/// [...]}]}.
Fields dump_options(const Command& root, const std::string& version);
/// Words broken to lines of at most `width` columns; a longer word stands alone.
std::vector<std::string> wrap_words(const std::string& text, std::size_t width);

}  // namespace dcdn::tool
