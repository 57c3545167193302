#include "common/setting_sources.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "common/known_settings.hpp"
#include "common/text_output.hpp"
#include "dcdn/home.hpp"

namespace dcdn::tool {

namespace {

constexpr const char* kSystemFile = "/etc/dcdn/config.toml";
constexpr std::size_t kMaxFileBytes = 1u << 20;

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

/// Empty when there is no file to read.
std::string find_file(const std::string& asked) {
  if (!asked.empty()) return asked;
  if (std::string named = environment("DCDN_CONFIG"); !named.empty()) return named;
  if (const auto home = find_home(); home && ::access(home->config_path().c_str(), F_OK) == 0)
    return home->config_path();
  return ::access(kSystemFile, F_OK) == 0 ? kSystemFile : "";
}

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Error from(Error error, const std::string& where, Errc code) {
  error.code = code;
  return error.during(where);
}

}  // namespace

Result<SettingSources> SettingSources::read(const std::string& tool, const std::string& path,
                                            const std::vector<std::string>& own) {
  SettingSources sources;
  sources.file_ = find_file(path);
  if (sources.file_.empty()) return sources;
  auto text = read_text_file(sources.file_, kMaxFileBytes);
  if (!text) return from(text.error(), "configuration", Errc::config);
  DCDN_TRY(const std::vector<Setting> all, parse_settings(*text, sources.file_));
  const std::string prefix = "dcdn-";
  SettingNames names{tool.starts_with(prefix) ? tool.substr(prefix.size()) : tool, own, known_setting_keys(),
                     known_setting_tables()};
  names.tables.push_back(names.table);
  DCDN_TRY(const std::vector<Setting> chosen, choose_settings(all, names, sources.file_));
  for (const Setting& setting : chosen) sources.settings_[setting.key] = setting;
  return sources;
}

Result<Applied> SettingSources::apply(const Option& option, const std::vector<std::string>& flag) const {
  std::vector<std::string> from_environment;
  std::vector<std::string> from_file;
  std::string variable = environment_name(option.name);
  auto setting = settings_.find(option.name);
  if (!option.old_name.empty()) {
    if (environment(variable).empty() && !environment(environment_name(option.old_name)).empty())
      variable = environment_name(option.old_name);
    if (setting == settings_.end()) setting = settings_.find(option.old_name);
  }
  if (option.settable) {
    const std::string value = environment(variable);
    if (option.arity == Arity::many) from_environment = split_commas(value);
    if (option.arity != Arity::many && !value.empty()) from_environment = {value};
    if (setting != settings_.end()) from_file = setting->second.values;
  }
  const SettingChoice choice = strongest_setting(flag, from_environment, from_file);
  Applied applied{choice.source, "default", choice.values};
  if (choice.source == SettingSource::fallback) return applied;
  std::string subject = (option.positional ? "" : "--") + option.name;
  applied.where = "command line";
  if (choice.source == SettingSource::environment) subject = applied.where = variable;
  if (choice.source == SettingSource::file) {
    applied.where = fmt::format("{}:{}", file_, setting->second.line);
    subject = applied.where + ": " + option.name;
    if (setting->second.is_list && option.arity != Arity::many)
      return Error(Errc::config, subject + ": takes one value, not a list");
  }
  const auto done = option.apply(choice.values);
  if (!done)
    return from(done.error(), subject,
                choice.source == SettingSource::flag ? done.error().code : Errc::config);
  return applied;
}

}  // namespace dcdn::tool
