#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "dcdn/config.hpp"

namespace dcdn {

namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Error unknown(const Setting& setting, const std::string& what, const std::string& near,
              const std::string& file) {
  Error error(Errc::config, fmt::format("{}:{}: {}", file, setting.line, what));
  return near.empty() ? error : error.with_hint(fmt::format("did you mean {}", near));
}

/// Optimal string alignment: edits plus swaps of neighbours, because those are how people mistype.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

/// Does this setting concern the tool? error: nobody knows it.
Result<bool> is_for(const Setting& setting, const SettingNames& names, const std::string& file) {
  if (setting.table.empty()) {
    if (holds(names.own, setting.key)) return true;
    if (holds(names.others, setting.key)) return false;
    std::vector<std::string> known = names.own;
    known.insert(known.end(), names.others.begin(), names.others.end());
    return unknown(setting, "unknown key " + setting.key, nearest_name(setting.key, known), file);
  }
  if (setting.table == names.table) {
    if (holds(names.own, setting.key)) return true;
    return unknown(setting, fmt::format("unknown key {} in [{}]", setting.key, setting.table),
                   nearest_name(setting.key, names.own), file);
  }
  if (holds(names.tables, setting.table)) return false;
  return unknown(setting, fmt::format("unknown table [{}]", setting.table),
                 nearest_name(setting.table, names.tables), file);
}

}  // namespace

Result<std::vector<Setting>> choose_settings(const std::vector<Setting>& all, const SettingNames& names,
                                             const std::string& file) {
  std::vector<Setting> chosen;
  std::set<std::string> in_table;
  for (const Setting& setting : all) {
    DCDN_TRY(const bool mine, is_for(setting, names, file));
    if (mine && !setting.table.empty()) in_table.insert(setting.key);
  }
  for (const Setting& setting : all) {
    const bool mine =
        setting.table == names.table || (setting.table.empty() && holds(names.own, setting.key));
    if (mine && (!setting.table.empty() || !in_table.contains(setting.key))) chosen.push_back(setting);
  }
  return chosen;
}

SettingChoice strongest_setting(const std::vector<std::string>& flag,
                                const std::vector<std::string>& environment,
                                const std::vector<std::string>& file) {
  if (!flag.empty()) return {SettingSource::flag, flag};
  if (!environment.empty()) return {SettingSource::environment, environment};
  if (!file.empty()) return {SettingSource::file, file};
  return {};
}

std::string environment_name(std::string_view key) {
  std::string name = "DCDN_";
  for (const char c : key) name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongestName = 64;  // the comparison costs length times length
  if (word.size() > kLongestName) return "";
  std::string nearest;
  std::size_t fewest = std::min<std::size_t>(3, std::max<std::size_t>(1, word.size() / 3)) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t edits = edits_between(word, candidate);
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace dcdn
