#include "source/selection.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "base/text.hpp"
#include "wire/manifest.hpp"

namespace dcdn::source {

namespace {

// As the tree's entries are called; empty: the tree itself.
Result<std::string> plain_path(const std::string& given) {
  std::string path;
  if (given.starts_with('/'))
    return Error(Errc::usage, escape_for_display(given) + ": is not relative to the tree that is sent");
  for (std::size_t at = 0; at <= given.size();) {
    const std::size_t slash = std::min(given.find('/', at), given.size());
    const std::string part = given.substr(at, slash - at);
    at = slash + 1;
    if (part == "..")
      return Error(Errc::usage, escape_for_display(given) + ": a path with .. may lead out of the tree");
    if (!part.empty() && part != ".") path += (path.empty() ? "" : "/") + part;
  }
  if (!path.empty() && !wire::check_path(path))
    return Error(Errc::usage, escape_for_display(given) + ": is no path that an entry can have");
  return path;
}

}  // namespace

Result<Selection> Selection::make(const std::optional<std::vector<std::string>>& only,
                                  const std::vector<std::string>& exclude) {
  Selection selection;
  if (only) {
    std::vector<std::string>& paths = selection.only_.emplace();
    paths.reserve(only->size());
    for (const std::string& given : *only) {
      DCDN_TRY(std::string path, plain_path(given));
      paths.push_back(std::move(path));
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  }
  for (const std::string& given : exclude) {
    Pattern pattern{given};
    while (pattern.text.ends_with('/')) {
      pattern.directories_only = true;
      pattern.text.pop_back();
    }
    pattern.whole_path = pattern.text.find('/') != std::string::npos;
    if (pattern.text.starts_with('/')) pattern.text.erase(0, 1);
    if (pattern.text.empty()) return Error(Errc::usage, "--exclude: '" + given + "' is no pattern of a name");
    selection.exclude_.push_back(std::move(pattern));
  }
  return selection;
}

bool Selection::wants(const std::string& path) const {
  if (!only_ || std::binary_search(only_->begin(), only_->end(), std::string())) return true;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (std::binary_search(only_->begin(), only_->end(), path.substr(0, slash))) return true;
  return std::binary_search(only_->begin(), only_->end(), path);
}

std::optional<std::vector<std::string>> Selection::names_in(const std::string& directory) const {
  if (!only_ || wants(directory)) return std::nullopt;
  const std::string above = directory.empty() ? "" : directory + "/";
  std::vector<std::string> names;
  for (auto path = std::lower_bound(only_->begin(), only_->end(), above);
       path != only_->end() && path->starts_with(above); ++path) {
    const std::size_t slash = std::min(path->find('/', above.size()), path->size());
    names.push_back(path->substr(above.size(), slash - above.size()));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool Selection::excludes(const std::string& path, bool is_directory) const {
  const std::string name = path.substr(path.rfind('/') + 1);
  return std::any_of(exclude_.begin(), exclude_.end(), [&](const Pattern& pattern) {
    if (pattern.directories_only && !is_directory) return false;
    const std::string& text = pattern.whole_path ? path : name;
    return ::fnmatch(pattern.text.c_str(), text.c_str(), FNM_PATHNAME) == 0;
  });
}

}  // namespace dcdn::source
