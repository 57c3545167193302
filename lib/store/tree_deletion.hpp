// tree_deletion.hpp - after a tree was laid over a folder whose sender mirrors it: what that does not have
// any more goes, as far as this side allows.
//
// Only what was delivered here under this name and nobody touched since; or (DeleteWhat::all) whatever is not
// in the tree. Nothing at all if the sender could not read everything, if its tree is empty, or if more would
// go than is plausible.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/folder_path.hpp"
#include "store/manifest_log.hpp"
#include "store/part_object.hpp"
#include "store/receive_index.hpp"

namespace dcdn::store {

class TreeDeletion {
 public:
  /// `folder`: the one that it was laid over, opened to be changed, from `since_ns` on (since 1970). `log`:
  /// of the tree. They outlive this.
  TreeDeletion(FolderPath& folder, const ManifestLog& log, const PartObject::Options& options,
               std::int64_t since_ns)
      : folder_(folder), log_(log), options_(options), since_ns_(since_ns) {}

  /// `left_out`: how many entries its sender could not read. Gives `changed` each folder in which names went.
  /// May be repeated. error io, permission: something could not be removed.
  Result<void> run(std::uint64_t left_out, const std::function<void(const std::string& folder)>& changed);
  /// What a person should know of it.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Candidate {
    std::string path;
    bool folder = false;
  };
  using Visit = std::function<Result<void>(const Candidate& candidate)>;
  struct Count {
    std::uint64_t all = 0;  // that could go, and the others beside them
    std::uint64_t going = 0;
    std::uint64_t edited = 0;  // not going for that
    std::string first_edited;
  };
  /// All that is to go, in order.
  Result<void> for_each(const Visit& visit);
  Result<void> for_each_delivered(const Visit& visit);
  Result<void> for_each_below(const std::string& folder, EntryReader& entries, const Visit& visit);
  /// Whether the tree has an entry of that path; asked in order.
  Result<bool> is_sent(const std::string& path, EntryReader& entries);
  [[nodiscard]] std::string refusal(std::uint64_t left_out) const;
  Result<void> remove(const Candidate& candidate);
  [[nodiscard]] bool is_untouched(const FileLooks& noted, const FileLooks& now) const;
  void note_edited(const std::string& path);

  FolderPath& folder_;
  const ManifestLog& log_;
  const PartObject::Options& options_;
  std::int64_t since_ns_;
  Count count_;
  std::uint64_t sent_ = 0;  // entries of the tree, without its own folder
  std::string last_sent_;
  bool any_sent_ = false;  // last_sent_ is an entry
  std::uint64_t removed_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace dcdn::store
