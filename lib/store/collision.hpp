// collision.hpp - what happens when the final name is taken (dcdn-recv(1), --overwrite, --update, --rename,
// --skip).
#pragma once

namespace dcdn::store {

/// update: as overwrite, but what was edited since it was delivered stays.
enum class Collision { refuse, overwrite, rename, skip, update };

inline bool replaces(Collision collision) {
  return collision == Collision::overwrite || collision == Collision::update;
}

/// What of a tree that its sender does not have any more is deleted, if that mirrors it (dcdn-recv(1),
/// --allow-delete).
enum class DeleteWhat { none, delivered, all };

}  // namespace dcdn::store
