// hard_links.hpp - files of a tree that have several names: the first that is met is sent, the others are
// links to it.
#pragma once
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "source/source_walk.hpp"

namespace dcdn::source {

/// Memory: about 80 bytes for each file of which not all names were met yet, kMost of them at most; what is
/// beyond is sent once for each name.
class HardLinks {
 public:
  static constexpr std::size_t kMost = std::size_t{1} << 22;

  /// A file was sent, as it was when it was opened: `number` of them came before it.
  void add(const FileMark& mark, const wire::EntryBegin& begin, std::uint64_t names, std::uint64_t number);
  /// Number of the file that `entry` is another name of; nullopt: it has to be sent itself. A file that has
  /// changed since is another one: its number on the disk may be that of one that is gone.
  std::optional<std::uint64_t> find(const SourceEntry& entry);
  /// Some were not kept track of.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  struct File {
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
    std::uint64_t names_left = 0;
  };
  struct MarkHash {
    std::size_t operator()(const FileMark& mark) const;
  };
  std::unordered_map<FileMark, File, MarkHash> files_;
  bool overflowed_ = false;
};

}  // namespace dcdn::source
