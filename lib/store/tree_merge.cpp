#include "store/tree_merge.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "store/merge_check.hpp"
#include "store/moving.hpp"
#include "store/tree_access.hpp"

namespace dcdn::store {

namespace {

// One directory of a tree, and the one at the destination whose gaps it fills.
class Merge {
 public:
  explicit Merge(const Staged& staged) : rules_{staged.sync, staged.kept}, where_(staged.where) {}

  Result<void> directory(const OpenedFolder& from, const OpenedFolder& to, const std::string& path) {
    DCDN_TRY(auto names, list_names(from.fd(), display(path)));
    std::sort(names.begin(), names.end());
    for (const std::string& name : names)
      DCDN_CHECK(entry({from.fd(), name}, {to.fd(), name}, path + "/" + name));
    return rules_.sync ? sync_folder(to.fd(), display(path)) : Result<void>();
  }
  /// How many entries were kept that are not what came, and the first of them.
  [[nodiscard]] std::uint64_t kept() const { return kept_; }
  [[nodiscard]] std::string first_kept() const { return display(first_kept_); }

 private:
  Result<void> entry(const Name& from, const Name& to, const std::string& path) {
    DCDN_TRY(const int reason, move_to(from, to, Replace::no, rules_, display(path)));
    if (reason == 0) return {};
    if (reason != EEXIST) return errno_error(reason, display(path) + ": move into place");
    return is_directory(from.directory, from.leaf) ? directory_over(from, to, path) : keep(from, to, path);
  }
  Result<void> keep(const Name& from, const Name& to, const std::string& path) {
    if (is_directory(to.directory, to.leaf))
      return in_the_way(display(path), "is a directory, where a file should be");
    DCDN_TRY(const bool same, same_content(from.directory, from.leaf, to.directory, to.leaf, display(path)));
    if (!same && kept_++ == 0) first_kept_ = path;
    return {};
  }
  Result<void> directory_over(const Name& from, const Name& to, const std::string& path) {
    if (!is_directory(to.directory, to.leaf))
      return in_the_way(display(path), "is no directory, where one should be");
    DCDN_TRY(const OpenedFolder below, OpenedFolder::open(from.directory, from.leaf, display(path)));
    DCDN_TRY(const OpenedFolder there, OpenedFolder::open(to.directory, to.leaf, display(path)));
    return directory(below, there, path);
  }
  [[nodiscard]] std::string display(const std::string& path) const {
    return where_ + "/" + escape_for_display(path);
  }

  CopyRules rules_;
  std::string where_;
  std::uint64_t kept_ = 0;
  std::string first_kept_;
};

}  // namespace

Result<std::string> merge_tree(const Staged& staged) {
  const std::string shown = staged.where + "/" + escape_for_display(staged.to_name);
  DCDN_TRY(const OpenedFolder source, OpenedFolder::open(staged.from_directory, staged.from_name, shown));
  DCDN_TRY(const OpenedFolder target, OpenedFolder::open(staged.to_directory, staged.to_name, shown));
  MergeCheck check(staged.where);
  DCDN_CHECK(check.directory(source, target, staged.to_name));
  DCDN_CHECK(check.room());
  Merge merging(staged);
  DCDN_CHECK(merging.directory(source, target, staged.to_name));
  if (merging.kept() == 0) return staged.to_name;
  const std::string others =
      merging.kept() == 1 ? "" : " and " + std::to_string(merging.kept() - 1) + " more";
  return Error(Errc::nothing, merging.first_kept() + others +
                                  ": is there already with other content and was kept; the rest is in place")
      .with_hint("--overwrite replaces it");
}

}  // namespace dcdn::store
