// Made by scripts/gen_completions from the tools' option tables; do not edit.
#include "common/known_settings.hpp"

namespace dcdn::tool {

const std::vector<std::string>& known_setting_keys() {
  static const std::vector<std::string> keys{
      "json", "log-file", "log-format", "progress", "quiet", "verbose",
  };
  return keys;
}

const std::vector<std::string>& known_setting_tables() {
  static const std::vector<std::string> tables{
      "recv",
      "send",
      "sign",
  };
  return tables;
}

}  // namespace dcdn::tool
