// tree_survey.hpp - before a tree is laid over a folder: what of it stays there, what has to be staged, and
// whether something is in the way.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "store/entry_looks.hpp"
#include "store/in_place.hpp"
#include "store/index_match.hpp"
#include "store/link_targets.hpp"
#include "store/manifest_log.hpp"

namespace dcdn::store {

/// Whether what lies there was edited since it was delivered, and is to be kept for that. `index`: what was
/// delivered before; null: nobody knows, so anything may have been.
bool was_edited(Collision collision, IndexMatch* index, const std::string& path, const FileLooks& there);

class TreeSurvey {
 public:
  /// `folder`: the one that it is laid over, opened to be changed. All outlive this.
  TreeSurvey(TreeRoot& staged, FolderPath& folder, InPlace& place, IndexMatch* index,
             const PartObject::Options& options)
      : staged_(staged), folder_(folder), place_(place), index_(index), options_(options), looks_(options) {}

  /// Each entry in order. error exists, permission.
  Result<void> survey(const WholeEntry& entry);
  /// After all of them: whether there is room on other file systems. error no_space
  [[nodiscard]] Result<void> check_room() const;
  /// How many files and links have to be staged.
  [[nodiscard]] std::uint64_t to_stage() const { return to_stage_; }
  /// What was to stay and was changed since: its chunks are not here.
  [[nodiscard]] const std::vector<WholeEntry>& lost() const { return lost_; }
  /// When all is staged: a hard link's file is as long as the link says. error corrupt
  Result<void> check_link(const WholeEntry& entry, const LinkTargets& links);

 private:
  struct Room {
    std::uint64_t needed = 0;
    std::uint64_t free = 0;
  };
  Result<void> survey_folder(const WholeEntry& entry);
  Result<void> survey_new(const WholeEntry& entry);
  Result<bool> stays(const WholeEntry& entry);
  struct There {
    FolderPath::Place place;
    struct stat info {};
    FileLooks looks;  ///< none: nothing is there
  };
  There look(const std::string& path);
  Result<bool> file_stays(const WholeEntry& entry, const There& there, const NotedLooks& noted);
  bool is_same_link(const WholeEntry& entry, const There& there);
  /// A file of several names that is to get another mode or time than its other names have.
  bool is_shared_and_differs(const WholeEntry& entry, const There& there);
  Result<void> stage_copy(const WholeEntry& entry);
  void count_room(const WholeEntry& entry);

  TreeRoot& staged_;
  FolderPath& folder_;
  InPlace& place_;
  IndexMatch* index_;
  const PartObject::Options& options_;
  EntryLooks looks_;
  std::uint64_t to_stage_ = 0;
  std::vector<WholeEntry> lost_;
  std::map<dev_t, Room> room_;
};

}  // namespace dcdn::store
