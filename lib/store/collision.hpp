// collision.hpp - what happens when the final name is taken (dcdn-recv(1), --overwrite, --update, --rename,
// --skip).
#pragma once

namespace dcdn::store {

/// update: as overwrite, but what was edited since it was delivered stays.
enum class Collision { refuse, overwrite, rename, skip, update };

inline bool replaces(Collision collision) {
  return collision == Collision::overwrite || collision == Collision::update;
}

}  // namespace dcdn::store
