// tree_merge.hpp - a tree is laid over a folder that is there.
#pragma once
#include "store/publish.hpp"

namespace dcdn::store {

/// Moves what is staged into the folder to_name, entry by entry, by `collision` (overwrite or skip). Whatever
/// can be known to stand in the way is looked for first, when nothing has moved yet: another kind of thing, a
/// folder that may not be changed, a mount point where something else should be, no room on another file
/// system. Folders of ours that are read-only are opened and closed again. Returns the name. error exists:
/// something of another kind is in the way; permission; no_space; nothing: something else than what came was
/// kept (skip).
Result<std::string> merge_tree(const Staged& staged, Collision collision);

}  // namespace dcdn::store
