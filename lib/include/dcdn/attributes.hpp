// dcdn/attributes.hpp - which extended attributes of files travel.
//
// Spec     xattr(7), acl(5)
#pragma once

namespace dcdn {

/// common: user.* and ACLs. all: also security.* and trusted.*, which decide what a file may do.
enum class Attributes { none, common, all };

}  // namespace dcdn
