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

// One directory of a tree, and the one at the destination that it is merged into.
class Merge {
 public:
  Merge(Collision collision, const Staged& staged)
      : collision_(collision),
        knows_top_(staged.knows_top),
        rules_{staged.sync, staged.kept},
        where_(staged.where) {}

  Result<void> directory(const OpenedFolder& from, OpenedFolder& to, const std::string& path) {
    DCDN_TRY(auto names, list_names(from.fd(), display(path)));
    std::sort(names.begin(), names.end());
    for (const std::string& name : names)
      DCDN_CHECK(entry({from.fd(), name}, {to.fd(), name}, path + "/" + name));
    const bool knows_looks = knows_top_ || path.find('/') != std::string::npos;
    if (collision_ == Collision::overwrite && knows_looks) DCDN_CHECK(look_like(from, to, path));
    return rules_.sync ? sync_folder(to.fd(), display(path)) : Result<void>();
  }
  /// How many entries were kept that are not what came, and the first of them.
  [[nodiscard]] std::uint64_t kept() const { return kept_; }
  [[nodiscard]] std::string first_kept() const { return display(first_kept_); }

 private:
  Result<void> look_like(const OpenedFolder& from, OpenedFolder& to, const std::string& path) const {
    const struct stat& info = from.was();
    const timespec times[2] = {{0, UTIME_OMIT}, info.st_mtim};
    const bool same = copy_extras(from.fd(), to.fd(), rules_.kept);
    const mode_t mode = info.st_mode & (rules_.kept.owner && same ? 07777 : 0777);
    // A folder that is another's and that we may only write to stays as it is.
    const bool given = ::fchmod(to.fd(), mode) == 0;
    if (given) to.keep_mode();
    if ((!given || ::futimens(to.fd(), times) != 0) && errno != EPERM)
      return errno_error(errno, display(path) + ": set mode and time");
    return {};
  }
  Result<int> move(const Name& from, const Name& to, Replace replace, const std::string& path) const {
    return move_to(from, to, replace, rules_, display(path));
  }
  Result<void> entry(const Name& from, const Name& to, const std::string& path) {
    DCDN_TRY(int reason, move(from, to, Replace::no, path));
    if (reason == 0) return {};
    if (reason != EEXIST) return errno_error(reason, display(path) + ": move into place");
    if (is_directory(from.directory, from.leaf)) return directory_over(from, to, path);
    if (collision_ == Collision::skip) return keep(from, to, path);
    if (is_directory(to.directory, to.leaf) && ::unlinkat(to.directory, to.leaf.c_str(), AT_REMOVEDIR) != 0)
      return in_the_way(display(path), "is a directory that is not empty, where a file should be");
    DCDN_TRY(reason, move(from, to, Replace::yes, path));
    if (reason != 0) return errno_error(reason, display(path) + ": replace");
    return {};
  }
  Result<void> keep(const Name& from, const Name& to, const std::string& path) {
    if (is_directory(to.directory, to.leaf))
      return in_the_way(display(path), "is a directory, where a file should be");
    DCDN_TRY(const bool same, same_content(from.directory, from.leaf, to.directory, to.leaf, display(path)));
    if (!same && kept_++ == 0) first_kept_ = path;
    return {};
  }
  Result<void> directory_over(const Name& from, const Name& to, const std::string& path) {
    if (is_directory(to.directory, to.leaf)) {
      DCDN_TRY(const OpenedFolder below, OpenedFolder::open(from.directory, from.leaf, display(path)));
      DCDN_TRY(OpenedFolder there, OpenedFolder::open(to.directory, to.leaf, display(path)));
      return directory(below, there, path);
    }
    if (collision_ == Collision::skip)
      return in_the_way(display(path), "is no directory, where one should be");
    if (::unlinkat(to.directory, to.leaf.c_str(), 0) != 0)
      return errno_error(errno, display(path) + ": replace");
    DCDN_TRY(const int reason, move(from, to, Replace::no, path));
    if (reason != 0) return errno_error(reason, display(path) + ": replace");
    return {};
  }
  [[nodiscard]] std::string display(const std::string& path) const {
    return where_ + "/" + escape_for_display(path);
  }

  Collision collision_;
  bool knows_top_;
  CopyRules rules_;
  std::string where_;
  std::uint64_t kept_ = 0;
  std::string first_kept_;
};

}  // namespace

Result<std::string> merge_tree(const Staged& staged, Collision collision) {
  const std::string shown = staged.where + "/" + escape_for_display(staged.to_name);
  DCDN_TRY(const OpenedFolder source, OpenedFolder::open(staged.from_directory, staged.from_name, shown));
  DCDN_TRY(OpenedFolder target, OpenedFolder::open(staged.to_directory, staged.to_name, shown));
  MergeCheck check(collision, staged.where);
  DCDN_CHECK(check.directory(source, target, staged.to_name));
  DCDN_CHECK(check.room());
  Merge merging(collision, staged);
  DCDN_CHECK(merging.directory(source, target, staged.to_name));
  if (merging.kept() == 0) return staged.to_name;
  const std::string others =
      merging.kept() == 1 ? "" : " and " + std::to_string(merging.kept() - 1) + " more";
  return Error(Errc::nothing, merging.first_kept() + others +
                                  ": is there already with other content and was kept; the rest is in place")
      .with_hint("--overwrite replaces it");
}

}  // namespace dcdn::store
