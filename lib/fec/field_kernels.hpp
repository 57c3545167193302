// field_kernels.hpp - ISA-L's sums of products in GF(2^8) over whole symbols, and the tables that they want.
//
// A wrong product looks like a right one until it is needed. So nothing is coded before the library has shown
// once that it multiplies as galois.hpp does.
//
// Source   ISA-L's erasure_code.h: ec_init_tables, ec_encode_data
// Threads  any.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dcdn/result.hpp"
#include "fec/reed_solomon.hpp"

namespace dcdn::fec {

/// Of all 256 coefficients: copying one is ten times faster than making it. What is in a table is the
/// library's affair, and how long it is as well: 32 bytes, or 8 where it multiplies by GFNI (from 2.31 on).
class CoefficientTables {
 public:
  /// As the library makes them.
  CoefficientTables();
  /// Bytes of one.
  [[nodiscard]] std::size_t each() const { return each_; }
  /// Where tables lie side by side it becomes number `at`.
  void put(std::vector<std::uint8_t>& tables, std::size_t at, std::uint8_t coefficient) const;
  /// For tests: what a library would do that has other tables.
  void spoil(std::uint8_t coefficient) { bytes_[coefficient * each_] ^= 1; }

 private:
  static constexpr std::size_t kMostBytes = 32;
  static std::size_t length_of_one();

  std::array<std::uint8_t, 256 * kMostBytes> bytes_{};
  std::size_t each_;
};

/// Made once.
const CoefficientTables& coefficient_tables();

using Pointers = std::array<unsigned char*, kMaxSymbols + 1>;

/// Each of `outputs_count` outputs becomes the sum of the inputs, each times its coefficient; all have
/// `bytes` bytes. tables: a row of inputs_count for each output. The inputs are only read.
void multiply_rows(std::size_t bytes, unsigned inputs_count, unsigned outputs_count,
                   const std::uint8_t* tables, Pointers inputs, Pointers outputs);

/// Whether multiply_rows() with these tables does what galois.hpp says.
bool multiplies_right(const CoefficientTables& tables);
/// error unsupported: it does not with the library's own.
Result<void> check_kernels();

}  // namespace dcdn::fec
