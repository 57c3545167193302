// check_path and check_name of manifest.hpp: the only gate between a stranger's names and our file system.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "wire/manifest.hpp"

namespace dcdn::wire {

namespace {

constexpr std::size_t kShownBytes = 80;  // of a bad path, in a message

Error bad_path(std::string_view path, const char* what) {
  const bool cut = path.size() > kShownBytes;
  const std::string shown = escape_for_display(path.substr(0, kShownBytes));
  return {Errc::corrupt, fmt::format("path \"{}{}\" {}", shown, cut ? "..." : "", what)};
}

}  // namespace

Result<void> check_path(std::string_view path) {
  if (path.empty()) return Error(Errc::corrupt, "a path is empty");
  if (path.size() > kMaxPathBytes) return bad_path(path, "is too long");
  if (path.find('\0') != std::string_view::npos) return bad_path(path, "has a NUL");
  if (path.front() == '/') return bad_path(path, "is absolute");
  std::size_t depth = 0;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view component = path.substr(at, slash - at);
    if (component.empty()) return bad_path(path, "has an empty component");
    if (component == "." || component == "..") return bad_path(path, "has a \".\" or \"..\" component");
    if (component.size() > kMaxNameBytes) return bad_path(path, "has a component that is too long");
    if (++depth > kMaxDepth) return bad_path(path, "is too deep");
    at = slash + 1;
  }
  return {};
}

Result<void> check_name(std::string_view name) {
  DCDN_CHECK(check_path(name));
  if (name.find('/') != std::string_view::npos) return bad_path(name, "is not a single name");
  return {};
}

}  // namespace dcdn::wire
