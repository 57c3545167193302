// merge_check.hpp - what would stand in the way of a tree that fills the gaps of a folder, before anything
// moves.
#pragma once
#include <map>
#include <string>

#include "store/moving.hpp"
#include "store/opened_folder.hpp"

namespace dcdn::store {

class MergeCheck {
 public:
  /// `where`: for errors, the folder received into, safe to show.
  explicit MergeCheck(std::string where) : where_(std::move(where)) {}

  /// One folder of the tree, and the one that it is merged into. `path` starts with the tree's name.
  /// error exists, permission, io.
  Result<void> directory(const OpenedFolder& from, const OpenedFolder& to, const std::string& path);
  /// After all of them: whether there is room where renaming is not enough. error no_space
  [[nodiscard]] Result<void> room() const;

 private:
  struct Room {
    std::uint64_t needed = 0;
    std::uint64_t free = 0;
  };
  Result<void> entry(const Name& from, const Name& to, const std::string& path, bool& changes);
  Result<void> count_room(const Name& from, int to, const std::string& path);
  [[nodiscard]] std::string display(const std::string& path) const;

  std::string where_;
  std::map<dev_t, Room> room_;
};

/// Whether a file system is mounted there.
bool is_mount_point(const Name& name);
Result<bool> is_empty_folder(const Name& name, const std::string& what);
/// Error "no_space": what lies on another file system below `shown` does not fit.
Error no_room_error(const std::string& shown, std::uint64_t needed, std::uint64_t free);
/// Error "exists": the thing at `shown` is of another kind than what came.
Error in_the_way(const std::string& shown, const char* what);

}  // namespace dcdn::store
