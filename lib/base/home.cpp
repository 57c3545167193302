#include "dcdn/home.hpp"

#include <cstdlib>

namespace dcdn {

namespace {

/// Value of an environment variable, empty when unset. The process changes none of its own, so this is safe.
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// The XDG base directory specification has relative values ignored.
std::string xdg_folder(const char* variable, const std::string& home, const char* below_home) {
  std::string base = environment(variable);
  if (base.empty() || base.front() != '/') base = home.empty() ? std::string() : home + below_home;
  return base.empty() ? base : without_trailing_slashes(std::move(base)) + "/dcdn";
}

}  // namespace

Result<Home> find_home() {
  if (const std::string own = environment("DCDN_HOME"); !own.empty()) {
    const std::string folder = without_trailing_slashes(own);
    return Home{folder, folder};
  }
  const std::string home = without_trailing_slashes(environment("HOME"));
  Home found{xdg_folder("XDG_CONFIG_HOME", home, "/.config"),
             xdg_folder("XDG_STATE_HOME", home, "/.local/state")};
  if (found.config_dir.empty() || found.state_dir.empty())
    return Error(Errc::config, "no place for keys and state: neither DCDN_HOME nor HOME is set")
        .with_hint("export DCDN_HOME=/some/private/folder");
  return found;
}

}  // namespace dcdn
