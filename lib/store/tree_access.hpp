// tree_access.hpp - reaching files below a folder without ever following a symbolic link out of it.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "dcdn/result.hpp"

namespace dcdn::store {

/// Whether a missing directory on the way is made (0700).
enum class Missing { fail, make };

/// A directory inside `parent`, itself not a symbolic link. A directory of ours that lost its permissions (a
/// finalize was cut short) gets them back. `what` names it in errors.
Result<UniqueFd> open_directory(int parent, const std::string& name, Missing missing,
                                const std::string& what);

/// Names in a directory, without "." and "..", in no order.
Result<std::vector<std::string>> list_names(int directory, const std::string& what);
/// Removes `name` in `parent` and all below it; fine if it is not there.
Result<void> remove_tree(int parent, const std::string& name, const std::string& what);
/// Lengths of the regular files in `directory` and below, bytes.
Result<std::uint64_t> tree_bytes(int directory, const std::string& what);
/// What is at `name` itself (a symbolic link is not followed).
bool is_there(int parent, const std::string& name);
bool is_directory(int parent, const std::string& name);
/// Whether two files have the same bytes, or two links the same target; another kind is not the same. Modes
/// and times do not count.
Result<bool> same_content(int one_parent, const std::string& one, int other_parent, const std::string& other,
                          const std::string& what);

/// Whether a link at `path` in a tree points to somewhere in that tree: relative, ".." only at its start, and
/// not more of them than the link is deep. (Further on, ".." could start from wherever another link leads.)
bool link_stays_inside(const std::string& path, const std::string& target);

/// Permissions a new file gets from this process's umask.
unsigned current_umask();

/// Opens the parents of paths below a root; remembers the last one, because entries come sorted.
class TreeRoot {
 public:
  TreeRoot(UniqueFd root, std::string name) : root_(std::move(root)), name_(std::move(name)) {}
  struct Place {
    int parent = -1;  ///< valid until the next call
    std::string leaf;
  };
  Result<Place> find(const std::string& path, Missing missing);
  [[nodiscard]] int fd() const { return root_.get(); }
  /// For errors: name of the root and the path, safe to show.
  [[nodiscard]] std::string display(const std::string& path) const;

 private:
  UniqueFd root_;
  std::string name_;
  std::string parent_path_;
  UniqueFd parent_;
};

}  // namespace dcdn::store
