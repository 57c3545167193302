// publish.hpp - the last step: a finished file or tree gets its name, and what is there is treated as was
// asked.
#pragma once
#include <functional>
#include <string>

#include "dcdn/result.hpp"
#include "store/extras_setter.hpp"
#include "store/part_object.hpp"

namespace dcdn::store {

struct Staged {
  int from_directory = -1;
  std::string from_name;
  int to_directory = -1;
  std::string to_name;
  bool tree = false;
  bool sync = true;   ///< folders that names are given in below to_name are fsynced; to_directory is the
                      ///< caller's to sync
  KeptExtras kept{};  ///< what a folder that a tree is laid over gets of owner and attributes, too
  std::string where;  ///< for errors: the folder received into, safe to show
};

/// Error "exists", with the options that help.
Error taken_error(const Staged& staged);
/// Gets the name that is given next; an error keeps it from being given.
using NoteName = std::function<Result<void>(const std::string& name)>;
/// Moves the staged thing to its name, or, for a tree that fills the gaps of a directory (skip), entry by
/// entry. A tree is never laid over a directory here: that is TreeUpdate's. Returns the name it got. Nothing
/// is replaced unless `collision` replaces(), and no symbolic link at the destination is followed. Called
/// again after it was cut short, it goes on, if something is staged still. error exists, also when a file is
/// where a folder must be, or a folder where a file must be; nothing: the policy is skip, and something is
/// there already and was kept that is not what came.
Result<std::string> publish(const Staged& staged, Collision collision, const NoteName& note);

}  // namespace dcdn::store
