// text.hpp - hexadecimal; escape_for_display comes with the installed dcdn/escape.hpp.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "dcdn/bytes.hpp"
#include "dcdn/escape.hpp"

namespace dcdn {

/// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
/// Exactly `size` bytes of hexadecimal, either case; nothing else.
std::optional<Bytes> from_hex(std::string_view text, std::size_t size);
/// What some editors put before UTF-8 text is no part of it.
std::string_view without_byte_order_mark(std::string_view text);

}  // namespace dcdn
