#include "fec/field_kernels.hpp"

#include <isa-l/erasure_code.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "fec/galois.hpp"

namespace dcdn::fec {

namespace {

// Sources that stay in the second-level cache while the rows pass over them, six at a time. Measured: shorter
// columns lose to the overhead of the calls, longer ones to memory.
constexpr std::size_t kColumnBytes = 4096;
constexpr std::size_t kNarrowSources = 16;  // few sources stay in the cache as they are

}  // namespace

CoefficientTables::CoefficientTables() : each_(length_of_one()) {
  std::array<unsigned char, 256> all;
  std::iota(all.begin(), all.end(), static_cast<unsigned char>(0));
  ec_init_tables(static_cast<int>(all.size()), 1, all.data(), bytes_.data());
}

// As far as the library writes whatever was there before.
std::size_t CoefficientTables::length_of_one() {
  std::array<unsigned char, kMostBytes> over_zeros{};
  std::array<unsigned char, kMostBytes> over_ones;
  over_ones.fill(0xff);
  unsigned char one = 1;
  ec_init_tables(1, 1, &one, over_zeros.data());
  ec_init_tables(1, 1, &one, over_ones.data());
  const auto end = std::mismatch(over_zeros.begin(), over_zeros.end(), over_ones.begin()).first;
  return static_cast<std::size_t>(end - over_zeros.begin());
}

void CoefficientTables::put(std::vector<std::uint8_t>& tables, std::size_t at,
                            std::uint8_t coefficient) const {
  std::memcpy(tables.data() + at * each_, bytes_.data() + coefficient * each_, each_);
}

const CoefficientTables& coefficient_tables() {
  static const CoefficientTables tables;
  return tables;
}

// `inputs` and `outputs` are moved on; that is why they are copies.
void multiply_rows(std::size_t bytes, unsigned inputs_count, unsigned outputs_count,
                   const std::uint8_t* tables, Pointers inputs, Pointers outputs) {
  const std::size_t step = inputs_count <= kNarrowSources ? std::max<std::size_t>(bytes, 1) : kColumnBytes;
  // ISA-L counts in int.
  constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t now = std::min({bytes - at, step, kMostAtOnce});
    ec_encode_data(static_cast<int>(now), static_cast<int>(inputs_count), static_cast<int>(outputs_count),
                   const_cast<unsigned char*>(tables), inputs.data(), outputs.data());
    at += now;
    for (unsigned i = 0; i < inputs_count; ++i) inputs[i] += now;
    for (unsigned i = 0; i < outputs_count; ++i) outputs[i] += now;
  }
}

bool multiplies_right(const CoefficientTables& all) {
  constexpr unsigned kSources = 3;
  constexpr unsigned kRows = 7;          // there is a kernel for each number up to six
  constexpr std::size_t kLength = 1217;  // whole vectors and a rest
  std::array<std::array<std::uint8_t, kLength>, kSources> data;
  std::array<std::array<std::uint8_t, kLength>, kRows> made{};
  std::vector<std::uint8_t> tables(kSources * kRows * all.each());
  Pointers in{};
  Pointers out{};
  const auto coefficient = [](unsigned row, unsigned j) {
    return static_cast<std::uint8_t>(0x53 + 0x4f * (row + kRows * j));
  };
  for (unsigned j = 0; j < kSources; ++j) {
    for (std::size_t i = 0; i < kLength; ++i)
      data[j][i] = static_cast<std::uint8_t>(i * (2 * j + 1) + i / 256);
    in[j] = data[j].data();
    for (unsigned row = 0; row < kRows; ++row) all.put(tables, row * kSources + j, coefficient(row, j));
  }
  for (unsigned row = 0; row < kRows; ++row) out[row] = made[row].data();
  multiply_rows(kLength, kSources, kRows, tables.data(), in, out);
  for (unsigned row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < kLength; ++i) {
      std::uint8_t sum = 0;
      for (unsigned j = 0; j < kSources; ++j) sum ^= multiply(coefficient(row, j), data[j][i]);
      if (made[row][i] != sum) return false;
    }
  }
  return true;
}

Result<void> check_kernels() {
  static const bool right = multiplies_right(coefficient_tables());
  if (right) return {};
  return Error(Errc::unsupported,
               "the installed ISA-L computes other products than this program was made for")
      .with_hint("install the ISA-L of your system's release");
}

}  // namespace dcdn::fec
