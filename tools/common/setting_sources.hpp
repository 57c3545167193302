// setting_sources.hpp - gathers what the environment and the configuration file say about an option and
// applies the strongest source.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "common/option_table.hpp"
#include "dcdn/config.hpp"

namespace dcdn::tool {

/// Where an option's value came from, for --show-config: "default", "command line", "DCDN_RATE",
/// "config.toml:3".
struct Applied {
  SettingSource source = SettingSource::fallback;
  std::string where = "default";
  std::vector<std::string> values;
};

class SettingSources {
 public:
  /// Finds and reads the configuration file: `path`, else $DCDN_CONFIG, else the user's, else
  /// /etc/dcdn/config.toml. Only the first two must exist. `own`: the keys this tool reads. error config.
  static Result<SettingSources> read(const std::string& tool, const std::string& path,
                                     const std::vector<std::string>& own);

  /// Calls option.apply with the strongest source's value. `flag`: what the command line said, empty if
  /// nothing. error usage or config: names the option, the variable or the line.
  Result<Applied> apply(const Option& option, const std::vector<std::string>& flag) const;
  /// The file that was read; empty if none.
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::map<std::string, Setting> settings_;
};

}  // namespace dcdn::tool
