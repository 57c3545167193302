// text.hpp - hexadecimal, and names from strangers made safe to show.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "dcdn/bytes.hpp"

namespace dcdn {

/// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
/// Exactly `size` bytes of hexadecimal, either case; nothing else.
std::optional<Bytes> from_hex(std::string_view text, std::size_t size);
/// For a terminal or a log: control characters, DEL, C1 controls, bidirectional overrides and bytes that are not
/// UTF-8 become \xNN, a backslash becomes \\. What comes out never moves a cursor or changes a colour.
std::string escape_for_display(std::string_view name);

}  // namespace dcdn
