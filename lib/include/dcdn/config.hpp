// dcdn/config.hpp - a configuration file (TOML) as flat settings, and which of several sources wins.
//
// Spec     dcdn(7), CONFIGURATION; TOML 1.0
// Threads  pure: text in, values out; reading files and the environment is the caller's
// Cost     linear in the text, which is at most 1 MiB
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dcdn/export.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// One key of a file. "[send]\nrate = '1mbit'" is {"send", "rate", {"1mbit"}, false, 2}.
struct Setting {
  std::string table;  ///< "" at the top; nested tables joined with dots
  std::string key;
  std::vector<std::string> values;  ///< as the command line would say them; one unless `is_list`
  bool is_list = false;
  std::uint32_t line = 0;  ///< from 1
};

/// Every key of a file, in the order of its lines. Nothing is looked up: unknown keys are choose_settings's
/// to refuse.
///
/// name  of the file, for errors: "config.toml:3: ..."
/// error config: not TOML, over 1 MiB, over 8 tables deep, dates, tables in arrays.
DCDN_API Result<std::vector<Setting>> parse_settings(std::string_view toml, const std::string& name);

/// What a tool knows, to tell a typing error from a setting of its neighbours.
struct SettingNames {
  std::string table;                ///< the tool's own table: "send"
  std::vector<std::string> own;     ///< keys it reads, at the top or in its table
  std::vector<std::string> others;  ///< keys other tools read at the top
  std::vector<std::string> tables;  ///< tables of all tools
};

/// The settings meant for one tool: its table wins over the top. Tables of other tools are theirs to judge.
///
/// file  names the file in errors
/// error config: an unknown key or table, with its line and the nearest known name.
DCDN_API Result<std::vector<Setting>> choose_settings(const std::vector<Setting>& all,
                                                      const SettingNames& names, const std::string& file);

/// Where a value comes from, the weakest first.
enum class SettingSource { fallback, file, environment, flag };

/// One option seen from all its sources.
struct SettingChoice {
  SettingSource source = SettingSource::fallback;
  std::vector<std::string> values;
};
/// The strongest non-empty one wins: flag, environment, file, default. Values of two sources are never mixed.
DCDN_API SettingChoice strongest_setting(const std::vector<std::string>& flag,
                                         const std::vector<std::string>& environment,
                                         const std::vector<std::string>& file);

/// "chunk-size" to "DCDN_CHUNK_SIZE".
DCDN_API std::string environment_name(std::string_view key);
/// The candidate a typing error was meant to be: the one with the fewest changed, missing, added or swapped
/// letters, if few enough (a third of the word, at most 3). Empty when nothing is near.
DCDN_API std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace dcdn
