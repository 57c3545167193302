// dcdn/escape.hpp - names from strangers made safe to show.
#pragma once
#include <string>
#include <string_view>

#include "dcdn/export.hpp"

namespace dcdn {

/// For a terminal or a log: control characters, DEL, C1 controls, bidirectional overrides and bytes that are
/// not UTF-8 become \xNN, a backslash becomes \\. What comes out never moves a cursor or changes a colour.
DCDN_API std::string escape_for_display(std::string_view name);

}  // namespace dcdn
