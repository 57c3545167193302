// tree_merge.hpp - a tree fills the gaps of a folder that is there (--skip).
#pragma once
#include "store/publish.hpp"

namespace dcdn::store {

/// Moves what is staged and not there yet into the folder to_name, entry by entry. Whatever can be known to
/// stand in the way is looked for first, when nothing has moved yet: another kind of thing, a folder that may
/// not be changed, no room on another file system. Folders of ours that are read-only are opened and closed
/// again. Returns the name. error exists: something of another kind is in the way; permission; no_space;
/// nothing: something else than what came was kept.
Result<std::string> merge_tree(const Staged& staged);

}  // namespace dcdn::store
