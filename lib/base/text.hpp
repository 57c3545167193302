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

}  // namespace dcdn
