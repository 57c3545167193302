// dcdn/escape.hpp - names from strangers made safe to show, and told whole where they are no text.
#pragma once
#include <string>
#include <string_view>

#include "dcdn/export.hpp"

namespace dcdn {

/// For a terminal or a log: control characters, DEL, C1 controls, bidirectional overrides and bytes that are
/// not UTF-8 become \xNN, a backslash becomes \\. What comes out never moves a cursor or changes a colour.
DCDN_API std::string escape_for_display(std::string_view name);

/// RFC 3629, section 4: the shortest form only, no surrogates. What is not cannot be a string of JSON.
DCDN_API bool is_utf8(std::string_view text);
/// RFC 4648, section 4, with padding.
DCDN_API std::string to_base64(std::string_view bytes);

}  // namespace dcdn
