#include "dcdn/home.hpp"

#include <sys/stat.h>

#include <cstdlib>

#include "dcdn/escape.hpp"

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

/// What is there of it has to be folders: a file in its way would be met later, as a key that is not there.
Result<void> check_folder(const std::string& folder) {
  constexpr const char* kWayOut = "move it away, or: export DCDN_HOME=/some/private/folder";
  for (std::string path = folder; path.size() > 1; path = path.substr(0, path.rfind('/'))) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) return {};
      return Error(Errc::config,
                   "no place for keys and state: " + escape_for_display(path) + " is a file, not a folder")
          .with_hint(kWayOut);
    }
    if (path.rfind('/') == std::string::npos) return {};
  }
  return {};
}

}  // namespace

Result<Home> find_home() {
  if (const std::string own = environment("DCDN_HOME"); !own.empty()) {
    const std::string folder = without_trailing_slashes(own);
    DCDN_CHECK(check_folder(folder));
    return Home{folder, folder};
  }
  const std::string home = without_trailing_slashes(environment("HOME"));
  Home found{xdg_folder("XDG_CONFIG_HOME", home, "/.config"),
             xdg_folder("XDG_STATE_HOME", home, "/.local/state")};
  if (found.config_dir.empty() || found.state_dir.empty())
    return Error(Errc::config, "no place for keys and state: neither DCDN_HOME nor HOME is set")
        .with_hint("export DCDN_HOME=/some/private/folder");
  DCDN_CHECK(check_folder(found.config_dir));
  DCDN_CHECK(check_folder(found.state_dir));
  return found;
}

}  // namespace dcdn
