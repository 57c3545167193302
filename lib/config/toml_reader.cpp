#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "dcdn/config.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMaxBytes =
    1u << 20;  // a configuration is written by hand; more is a mistake or an attack
constexpr std::size_t kMaxDepth = 8;

std::string at(const std::string& file, std::uint32_t line, const std::string& text) {
  return fmt::format("{}:{}: {}", file, line, text);
}

Error wrong(const std::string& file, const toml::node& node, const std::string& text) {
  return {Errc::config, at(file, node.source().begin.line, text)};
}

/// A scalar as the command line would say it; numbers keep a form that reads back as the same number.
Result<std::string> scalar_text(const toml::node& node, const std::string& file, const std::string& key) {
  if (const auto* text = node.as_string()) {
    if (text->get().find('\0') != std::string::npos) return wrong(file, node, key + ": holds a zero byte");
    return text->get();
  }
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return std::string(truth->get() ? "true" : "false");
  if (const auto* real = node.as_floating_point()) {
    if (!std::isfinite(real->get())) return wrong(file, node, key + ": is not a finite number");
    return fmt::format("{}", real->get());
  }
  if (node.is_array()) return wrong(file, node, key + ": arrays inside arrays mean nothing here");
  if (node.is_table()) return wrong(file, node, key + ": tables inside arrays mean nothing here");
  return wrong(file, node, key + ": dates and times mean nothing here").with_hint("put it in quotes");
}

class Flattener {
 public:
  explicit Flattener(const std::string& file) : file_(file) {}

  Result<void> table(const toml::table& table, const std::string& path, std::size_t depth) {
    if (depth > kMaxDepth) return wrong(file_, table, fmt::format("tables are more than {} deep", kMaxDepth));
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (const auto* inner = node.as_table()) {
        DCDN_CHECK(this->table(*inner, path.empty() ? name : path + "." + name, depth + 1));
      } else {
        DCDN_CHECK(setting(node, path, name));
      }
    }
    return {};
  }
  std::vector<Setting> take() {
    std::stable_sort(settings_.begin(), settings_.end(),
                     [](const Setting& a, const Setting& b) { return a.line < b.line; });
    return std::move(settings_);
  }

 private:
  Result<void> setting(const toml::node& node, const std::string& path, const std::string& name) {
    Setting setting;
    setting.table = path;
    setting.key = name;
    setting.line = node.source().begin.line;
    if (const auto* array = node.as_array()) {
      setting.is_list = true;
      for (const toml::node& element : *array) {
        DCDN_TRY(std::string value, scalar_text(element, file_, name));
        setting.values.push_back(std::move(value));
      }
    } else {
      DCDN_TRY(std::string value, scalar_text(node, file_, name));
      setting.values.push_back(std::move(value));
    }
    settings_.push_back(std::move(setting));
    return {};
  }

  const std::string& file_;
  std::vector<Setting> settings_;
};

}  // namespace

Result<std::vector<Setting>> parse_settings(std::string_view toml, const std::string& name) {
  if (toml.size() > kMaxBytes)
    return Error(Errc::config, fmt::format("{}: longer than {} bytes", name, kMaxBytes));
  toml::table root;
  try {
    root = toml::parse(toml, name);
  } catch (const toml::parse_error& error) {
    std::string what(error.description());
    std::replace(what.begin(), what.end(), '\n', ' ');
    if (!what.empty() && what.back() == '.') what.pop_back();
    if (what.size() > 1 && what[0] >= 'A' && what[0] <= 'Z' && what[1] >= 'a')
      what[0] = static_cast<char>(what[0] + 32);
    return Error(Errc::config, at(name, error.source().begin.line, what));
  }
  Flattener flattener(name);
  DCDN_CHECK(flattener.table(root, "", 0));
  return flattener.take();
}

}  // namespace dcdn
