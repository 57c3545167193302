// receive_dir.hpp - the directory that is received into, and its staging folder.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/unique_fd.hpp"
#include "dcdn/result.hpp"
#include "store/recent_content.hpp"

namespace dcdn::store {

inline constexpr const char* kPartDirName = ".dcdn-part";
/// Of a slot's name: an object of one small file, which has no folder (store/small_object.hpp).
inline constexpr const char* kSmallEnding = ".small";

/// What an unprivileged process may still make on a disk.
struct Room {
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> files;  ///< not every file system has a limit
};

/// The directory that is received into. Destroying it removes the staging folder if nothing is left in it.
/// Threads  any; a slot is its PartObject's.
class ReceiveDir {
 public:
  /// Makes `path` when missing. Removes what a process was removing when it was killed. error locked: another
  /// process receives into it (exit 12, hint); permission, io.
  static Result<std::shared_ptr<ReceiveDir>> open(const std::string& path);
  ReceiveDir(const ReceiveDir&) = delete;
  ReceiveDir& operator=(const ReceiveDir&) = delete;
  ~ReceiveDir();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string part_dir() const { return path_ + "/" + kPartDirName; }
  [[nodiscard]] Result<Room> room() const;
  /// Whether its file system has hard links; tried once.
  [[nodiscard]] bool has_links() const;
  /// Lengths of all files below OUT, bytes, with what is unfinished, but without the slots that are in use;
  /// walks the tree.
  [[nodiscard]] Result<std::uint64_t> settled_bytes() const;
  /// Removes staging folders last touched before `older_than_s` (seconds since 1970), but none that is in use
  /// here; returns how many.
  Result<int> clean(std::int64_t older_than_s);

  // For PartObject. Renaming OUT while it is received into does no harm: everything is reached from these.
  [[nodiscard]] int out_fd() const { return out_.get(); }
  [[nodiscard]] int part_fd() const { return part_.get(); }
  /// False if a PartObject of this process has that slot already.
  bool claim(const std::string& slot);
  void release(const std::string& slot);
  /// With what was set aside of it (SLOT.old, SLOT.new). Is ended by the next open() if it is cut short.
  [[nodiscard]] Result<void> remove_slot(const std::string& slot) const;
  [[nodiscard]] RecentContent& recent() { return recent_; }

 private:
  ReceiveDir() = default;
  [[nodiscard]] bool is_busy(const std::string& slot) const;
  void end_removals() const;
  [[nodiscard]] Result<void> remove(const std::string& name) const;
  std::string path_;
  UniqueFd out_;
  UniqueFd part_;
  UniqueFd lock_;
  mutable std::mutex mutex_;  // of what follows: encrypted objects are unpacked on a thread of their own
  std::set<std::string> busy_slots_;
  mutable std::optional<bool> has_links_;
  RecentContent recent_;
};

}  // namespace dcdn::store
