// known_settings.hpp - which keys and tables all tools together read, so that one configuration file can
// serve all of them and a typing error is still an error. The lists are made by scripts/gen_completions from
// the option tables.
#pragma once
#include <string>
#include <vector>

namespace dcdn::tool {

/// Long names of every option that any tool takes from a configuration file.
const std::vector<std::string>& known_setting_keys();
/// "send", "recv", ...
const std::vector<std::string>& known_setting_tables();

}  // namespace dcdn::tool
