// tree_update.hpp - a tree is laid over a folder, entry by entry of its manifest: what is right there already
// stays where it is, everything else is moved in from the staging folder.
//
// Whoever reads meanwhile sees of each file the old one or the new one, and of the tree a mixture. Each step
// may be repeated, by another process as well: what is still staged has not been given its name.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/entry_looks.hpp"
#include "store/in_place.hpp"
#include "store/link_targets.hpp"
#include "store/manifest_log.hpp"
#include "store/moving.hpp"
#include "store/tree_access.hpp"

namespace dcdn::store {

class TreeUpdate {
 public:
  /// `folder`: the one it is laid over, opened to be changed. `links`: of the same chain. All outlive this.
  TreeUpdate(TreeRoot& staged, FolderPath& folder, InPlace& place, LinkTargets links,
             const PartObject::Options& options)
      : staged_(staged),
        folder_(folder),
        place_(place),
        links_(std::move(links)),
        options_(options),
        looks_(options) {}

  /// Gives an entry its name, or what is kept its mode and time. In order. error interrupted: the next run
  /// goes on.
  Result<void> publish(const WholeEntry& entry);
  /// After all of them, folders again: their modes and times.
  Result<void> finish_folder(const WholeEntry& entry);
  /// All of it is on disk when this returns.
  Result<void> sync();

  /// What a person should know of it.
  [[nodiscard]] std::vector<std::string> notes() const;
  /// What was edited here and stays (Collision::update): how many, and the first.
  [[nodiscard]] std::uint64_t kept() const { return kept_; }
  [[nodiscard]] std::string first_kept() const { return folder_.display(first_kept_); }

  /// What is at `path` is to be synced; "" is the top.
  void changed(const std::string& path);

 private:
  Result<void> make_folder(const std::string& path);
  Result<void> give(const WholeEntry& entry);
  Result<void> link(const WholeEntry& entry);
  Result<void> link_to(const Name& from, const Name& to, const std::string& shown);
  Result<void> make_room(const std::string& path, const FolderPath::Place& to, const FileLooks& there);
  Result<FolderPath*> folder_of_targets();
  Result<void> look_like(const WholeEntry& entry, const NotedLooks& noted);
  Result<void> keep(const std::string& path);
  Result<void> sync_each();

  TreeRoot& staged_;
  FolderPath& folder_;
  InPlace& place_;
  LinkTargets links_;
  const PartObject::Options& options_;
  EntryLooks looks_;
  std::optional<FolderPath> targets_;  // the same folder, for files that have another name
  std::uint64_t published_ = 0;
  std::uint64_t copies_ = 0;       // in place of links
  std::set<std::string> changed_;  // paths to be synced
  bool many_changed_ = false;
  bool elsewhere_ = false;  // on another file system, too
  std::uint64_t kept_ = 0;
  std::string first_kept_;
};

}  // namespace dcdn::store
