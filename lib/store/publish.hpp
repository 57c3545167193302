// publish.hpp - the last step: a finished file or tree gets its name, and what is there is treated as was
// asked.
#pragma once
#include <string>

#include "dcdn/result.hpp"
#include "store/part_object.hpp"

namespace dcdn::store {

struct Staged {
  int from_directory = -1;
  std::string from_name;
  int to_directory = -1;
  std::string to_name;
  bool tree = false;
  std::string where;  ///< for errors: the folder received into, safe to show
};

/// Error "exists", with the options that help.
Error taken_error(const Staged& staged);
/// Moves the staged thing to its name, or, for a tree over a directory, entry by entry. Returns the name it
/// got. Nothing is replaced unless `collision` is overwrite, and no symbolic link at the destination is
/// followed. Called again after it was cut short, it goes on; if nothing is staged any more it returns the
/// asked name. error exists; nothing: the policy is skip and all of it is there.
Result<std::string> publish(const Staged& staged, Collision collision);

}  // namespace dcdn::store
