// folder_path.hpp - what lies under paths below a folder of the user's: reached as a manifest orders them,
// one folder opened inside another, and never through a symbolic link.
#pragma once
#include <string>
#include <vector>

#include "store/opened_folder.hpp"

namespace dcdn::store {

class FolderPath {
 public:
  /// `name` in `parent`, a folder. `shown`: for errors, safe to show. error as OpenedFolder.
  static Result<FolderPath> open(int parent, const std::string& name, std::string shown, OpenFor purpose);

  struct Place {
    int parent = -1;  ///< valid until the next call
    std::string leaf;
  };
  /// error not_found, io: a folder on the way is not there, or is something else.
  Result<Place> find(const std::string& path);
  [[nodiscard]] int root() const { return folders_.front().fd(); }
  /// The folder that the last find() led to.
  [[nodiscard]] const OpenedFolder& innermost() const { return folders_.back(); }
  [[nodiscard]] OpenedFolder& top() { return folders_.front(); }
  /// Of folders that were opened in spite of their mode, the mode comes back.
  void leave_all();
  [[nodiscard]] std::string display(const std::string& path) const;

 private:
  explicit FolderPath(OpenFor purpose) : purpose_(purpose) {}
  OpenFor purpose_;
  std::string shown_;
  std::vector<OpenedFolder> folders_;  // the root, then one inside another
  std::vector<std::string> names_;     // of all but the root
};

/// All of a path but its last component; empty if there is no more of it.
std::string folder_part(const std::string& path);

}  // namespace dcdn::store
