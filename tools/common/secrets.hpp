// secrets.hpp - for programs that hold secret keys.
#pragma once

namespace dcdn::tool {

/// From here on no core file is written, nor handed to a program, and no other process of the same user can
/// attach or read the memory. Call it before the first secret is read. What the kernel refuses is left: there
/// is nothing better to do than to go on.
void forbid_core_dumps();

}  // namespace dcdn::tool
