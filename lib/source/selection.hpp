// selection.hpp - which entries of a tree are wanted: those that a list names, without those that a pattern
// excludes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dcdn/result.hpp"

namespace dcdn::source {

/// Memory  the paths of the list
/// Threads  any, once made
class Selection {
 public:
  /// `only`: paths relative to the tree; "./" at their start, "/" at their end and repeated slashes do not
  /// count,
  /// "." is the tree itself. Unset: all of it. `exclude`: patterns of fnmatch(3); one without a slash is for
  /// the name of an entry at any depth, one with a slash for its path from the top, one with a slash at its
  /// end for directories alone. error usage: an absolute path, one with "..", an empty pattern.
  static Result<Selection> make(const std::optional<std::vector<std::string>>& only,
                                const std::vector<std::string>& exclude);
  /// What is to be looked for in a directory of the tree, sorted; nullopt: all that it holds.
  [[nodiscard]] std::optional<std::vector<std::string>> names_in(const std::string& directory) const;
  /// The list names it or something above it, so that it is wanted whatever it is.
  [[nodiscard]] bool wants(const std::string& path) const;
  [[nodiscard]] bool excludes(const std::string& path, bool is_directory) const;

 private:
  struct Pattern {
    std::string text;
    bool whole_path = false;
    bool directories_only = false;
  };
  std::optional<std::vector<std::string>> only_;  // sorted by bytes
  std::vector<Pattern> exclude_;
};

}  // namespace dcdn::source
