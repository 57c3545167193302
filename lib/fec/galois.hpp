// galois.hpp - arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and generator 2.
//
// Source   Plank, "A Tutorial on Reed-Solomon Coding for Fault-Tolerance in RAID-like Systems" (1997),
// section 5;
//          the field of ISA-L, liberasurecode and RFC 5510 (m = 8)
#pragma once
#include <array>
#include <cstdint>

namespace dcdn::fec {

struct GaloisTables {
  std::array<std::uint8_t, 256> log{};  ///< log[0] has no meaning
  std::array<std::uint8_t, 510> exp{};  ///< long enough for a sum of two logarithms
};

constexpr GaloisTables make_galois_tables() {
  GaloisTables tables;
  unsigned value = 1;
  for (unsigned i = 0; i < 255; ++i) {
    tables.exp[i] = tables.exp[i + 255] = static_cast<std::uint8_t>(value);
    tables.log[value] = static_cast<std::uint8_t>(i);
    value <<= 1;
    if (value > 255) value ^= 0x11d;
  }
  return tables;
}
inline constexpr GaloisTables kGalois = make_galois_tables();

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  if (a == 0 || b == 0) return 0;
  return kGalois.exp[static_cast<unsigned>(kGalois.log[a]) + kGalois.log[b]];
}
/// 1/a; a is not 0.
constexpr std::uint8_t inverse(std::uint8_t a) {
  return kGalois.exp[255u - kGalois.log[a]];
}

}  // namespace dcdn::fec
