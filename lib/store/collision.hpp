// collision.hpp - what happens when the final name is taken (dcdn-recv(1), --overwrite, --rename, --skip).
#pragma once

namespace dcdn::store {

enum class Collision { refuse, overwrite, rename, skip };

}  // namespace dcdn::store
