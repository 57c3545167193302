// moving.hpp - gives what is staged its name: by renaming it, or across devices by a copy beside that is
// renamed.
#pragma once
#include <string>

#include "dcdn/result.hpp"
#include "store/extras_setter.hpp"

namespace dcdn::store {

struct Name {
  int directory;
  std::string leaf;
};

/// One at a time in a folder, and by one process: what an earlier one left there is found by its name.
inline constexpr const char* kBesideName = ".dcdn-moving";

enum class Replace { no, yes };

/// How a copy is made.
struct CopyRules {
  bool sync = true;   ///< each file and folder is on disk
  KeptExtras kept{};  ///< what it has of owner and attributes, beside mode and time
};

/// Moves a file, link or folder. 0, or errno: EEXIST if the name is taken and not to be replaced, ENOTEMPTY
/// if it is a folder that is not empty. Where the file systems differ, a copy that is whole, and with `sync`
/// on disk, gets the name, and then the original goes; one that was cut short by a kill is removed by the
/// next. Nothing follows a symbolic link. `what` names it in errors, which are those of copying.
Result<int> move_to(const Name& from, const Name& to, Replace replace, const CopyRules& rules,
                    const std::string& what);

/// A second file like the first, which stays; there is nothing at `to`.
Result<void> copy_file(const Name& from, const Name& to, const CopyRules& rules, const std::string& what);

}  // namespace dcdn::store
