// dcdn/units.hpp - numbers with units, as people type and read them.
//
// Spec     dcdn(7), CONVENTIONS
// Threads  pure
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dcdn/export.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// Time on a steady clock, since an arbitrary start. Cores take it as a parameter and never read a clock.
using Micros = std::chrono::microseconds;

/// "4GB" "64KiB" "1.5M" "100": bytes. k M G T are powers of 1000, Ki Mi Gi Ti of 1024, "B" optional.
/// error usage: empty, negative, unknown unit, or over 2^63-1.
DCDN_API Result<std::uint64_t> parse_size(std::string_view text);
/// "800kbit" "1mbit" "2.5Mbit" "100kB" "3MiB": bytes per second. The unit is required ("bit" or "B", "/s"
/// optional): a bare number is an error that says so. Case of the prefix does not matter, b/B does only in
/// "b" vs "B" (b = bit).
DCDN_API Result<std::uint64_t> parse_rate(std::string_view text);
/// "90s" "500ms" "12h" "3d" "2m30s": a duration. The unit is required.
DCDN_API Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "1.4 GB": bytes for a person, powers of 1000, three significant digits.
DCDN_API std::string format_size(std::uint64_t bytes);
/// "11.2 Mbit/s": bytes per second for a person.
DCDN_API std::string format_rate(double bytes_per_s);
/// "42s" "3m07s" "2h05m" "4d03h".
DCDN_API std::string format_duration(std::chrono::seconds duration);

}  // namespace dcdn
