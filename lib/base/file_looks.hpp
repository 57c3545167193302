// file_looks.hpp - what a file shows besides its content: owner, mode, access list.
#pragma once
#include <string>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// Gives the file `to` the owner (as far as the system allows), mode and access list (POSIX ACL) of `from`,
/// which may be open by O_PATH only. Set-user-id and set-group-id bits are left out; where the group cannot
/// be kept, it and everybody get what both had, and an access list is not taken over.
Result<void> take_over_looks(int from, int to, const std::string& what);

}  // namespace dcdn
