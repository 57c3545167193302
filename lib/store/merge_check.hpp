// merge_check.hpp - what would stand in the way of a tree that is laid over a folder, before anything moves.
#pragma once
#include <map>
#include <string>

#include "store/collision.hpp"
#include "store/moving.hpp"
#include "store/opened_folder.hpp"

namespace dcdn::store {

class MergeCheck {
 public:
  /// `where`: for errors, the folder received into, safe to show.
  MergeCheck(Collision collision, std::string where) : collision_(collision), where_(std::move(where)) {}

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
  Result<void> directory_over(const Name& from, const Name& to, const std::string& path, bool& changes);
  Result<void> count_room(const Name& from, int to, const std::string& path);
  [[nodiscard]] std::string display(const std::string& path) const;

  Collision collision_;
  std::string where_;
  std::map<dev_t, Room> room_;
};

/// Error "exists": the thing at `shown` is of another kind than what came.
Error in_the_way(const std::string& shown, const char* what);

}  // namespace dcdn::store
