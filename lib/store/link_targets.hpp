// link_targets.hpp - where the files are that hard links of an object name: they do so by number.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/manifest_log.hpp"

namespace dcdn::store {

/// Memory: 9 bytes a file that has another name, and of its path what differs from the one before; at most
/// kMostNameBytes of these.
class LinkTargets {
 public:
  static constexpr std::size_t kMostNameBytes = std::size_t{128} << 20;

  LinkTargets() = default;
  /// Reads the whole chain, twice if there are links in it. error limit: they name too many files; io.
  static Result<LinkTargets> find(const ManifestLog& log);
  [[nodiscard]] bool empty() const { return files_.empty(); }
  /// Path of the file that so many come before; nullopt: its sender gave it up, or no link names it.
  [[nodiscard]] std::optional<std::string> path_of(std::uint64_t file) const;

 private:
  Result<void> add(const WholeEntry& entry);

  std::vector<std::uint64_t> files_;   // that are named, ascending
  std::vector<std::uint32_t> blocks_;  // where the name of each 16th begins
  std::size_t named_ = 0;              // of files_, those whose names are there
  std::string last_;
  Bytes names_;  // each: how much it shares with the one before, and its rest
};

}  // namespace dcdn::store
