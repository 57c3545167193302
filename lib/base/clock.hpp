// clock.hpp - the clocks of this machine, read in one place. The cores below take a time as a parameter.
#pragma once
#include <cstdint>
#include <ctime>

#include "dcdn/units.hpp"

namespace dcdn {

/// Steady clock in the pure cores' unit: never goes back, says nothing about the time of day.
Micros now_micros();
/// Seconds since 1970 by this machine's clock, which may be wrong: to be shown and written down, and compared
/// with other times of the same machine.
std::int64_t now_s();
/// The same with its fraction, for reports that are compared with those of the other end.
double now_unix_s();
/// Nanoseconds since 1970. File systems hold times that these cannot (before 1677, after 2262): such a one
/// becomes the nearest that there is.
std::int64_t nanoseconds_of(const struct timespec& time);

}  // namespace dcdn
