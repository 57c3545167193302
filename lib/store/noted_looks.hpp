// noted_looks.hpp - what a file system says of a file, by which is seen later that nobody touched it; and a
// file of these, by entry.
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.hpp"
#include "dcdn/result.hpp"

namespace dcdn::store {

enum class LooksKind : std::uint8_t { none = 0, file = 1, directory = 2, symlink = 3, other = 4 };

/// Whoever changes a file, its name or its times also sets its change time, and nobody can set that back. Not
/// the device: snapshots and remounts change it.
struct FileLooks {
  LooksKind kind = LooksKind::none;  ///< none: nothing is there
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileLooks&) const = default;
};

FileLooks looks_of(const struct stat& info);
/// What is at `name` itself.
FileLooks looks_at(int parent, const std::string& name);

/// Whether a change at this very moment, or shortly after, could look the same: the clock of a file system
/// ticks up to 100 times a second, and on some every two seconds. `now_ns`: when the looks were taken.
bool is_fresh(const FileLooks& looks, std::int64_t now_ns);

/// Of one entry of an object that comes: none, or the looks that a file has which is as it should be.
struct NotedLooks {
  FileLooks looks;
  bool staged = false;  ///< of the file in the staging folder, which is then moved with its folder
  bool unsure = false;  ///< it was given its name by a process that was cut short before it could look
  bool edited = false;  ///< what is there was edited, and is kept as it is
  [[nodiscard]] bool in_place() const { return looks.kind != LooksKind::none && !staged; }
  bool operator==(const NotedLooks&) const = default;
};

/// `looks` in a slot: 40 bytes an entry. Only a help: what cannot be read is none, and whatever it says is
/// compared with what is there.
class LooksLog {
 public:
  static Result<LooksLog> open(int slot, std::string what);
  [[nodiscard]] NotedLooks get(std::uint64_t entry);
  Result<void> set(std::uint64_t entry, const NotedLooks& noted);
  [[nodiscard]] bool empty() const;

 private:
  UniqueFd fd_;
  std::string what_;
  Bytes window_;  // as it is in the file, for entries are gone through in order
  std::uint64_t window_at_ = 0;
};

}  // namespace dcdn::store
