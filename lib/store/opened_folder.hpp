// opened_folder.hpp - a folder of the user's to be worked in: one of ours that forbids that is opened, and
// closed again.
#pragma once
#include <sys/stat.h>

#include <string>

#include "base/unique_fd.hpp"
#include "dcdn/result.hpp"

namespace dcdn::store {

/// What for: a folder that is only read stays closed to changes.
enum class OpenFor { change, reading };

class OpenedFolder {
 public:
  /// `name` in `parent`, itself no symbolic link. If we own it and its mode keeps us out, the mode is widened
  /// for its owner until this is destroyed. `what` names it in errors. error not_found, permission, io.
  static Result<OpenedFolder> open(int parent, const std::string& name, const std::string& what,
                                   OpenFor purpose = OpenFor::change);
  OpenedFolder(OpenedFolder&& other) noexcept;
  OpenedFolder& operator=(OpenedFolder&&) = delete;
  ~OpenedFolder();

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// As it was found.
  [[nodiscard]] const struct stat& was() const { return was_; }
  /// Somebody has given it another mode: that stays.
  void keep_mode() { widened_ = false; }
  /// Whether names can be given and taken away in it. error permission
  [[nodiscard]] Result<void> may_change(const std::string& what) const;

 private:
  OpenedFolder() = default;
  UniqueFd fd_;
  struct stat was_ {};
  bool widened_ = false;
};

}  // namespace dcdn::store
