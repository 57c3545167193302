#include "store/folder_path.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace dcdn::store {

Result<FolderPath> FolderPath::open(int parent, const std::string& name, std::string shown, OpenFor purpose) {
  FolderPath made(purpose);
  made.shown_ = std::move(shown);
  DCDN_TRY(OpenedFolder root, OpenedFolder::open(parent, name, made.shown_, purpose));
  made.folders_.push_back(std::move(root));
  return made;
}

Result<FolderPath::Place> FolderPath::find(const std::string& path) {
  std::size_t depth = 0;
  bool known = true;
  std::size_t from = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', from)) {
    const std::string name = path.substr(from, slash - from);
    from = slash + 1;
    known = known && depth < names_.size() && names_[depth] == name;
    if (!known) {
      while (names_.size() > depth) {
        names_.pop_back();
        folders_.pop_back();
      }
      DCDN_TRY(OpenedFolder inside,
               OpenedFolder::open(folders_.back().fd(), name, display(path.substr(0, slash)), purpose_));
      folders_.push_back(std::move(inside));
      names_.push_back(name);
    }
    ++depth;
  }
  while (names_.size() > depth) {
    names_.pop_back();
    folders_.pop_back();
  }
  return Place{folders_.back().fd(), path.substr(from)};
}

void FolderPath::leave_all() {
  while (!names_.empty()) {
    names_.pop_back();
    folders_.pop_back();
  }
}

std::string folder_part(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string FolderPath::display(const std::string& path) const {
  return path.empty() ? shown_ : shown_ + "/" + escape_for_display(path);
}

}  // namespace dcdn::store
