#include "fec/reed_solomon.hpp"

#include <fmt/format.h>
#include <isa-l/erasure_code.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <numeric>

#include "fec/galois.hpp"

namespace dcdn::fec {

namespace {

constexpr std::size_t kMostTableBytes = 32;  // of one coefficient
// Sources that stay in the second-level cache while the rows pass over them, six at a time. Measured: shorter
// columns lose to the overhead of the calls, longer ones to memory.
constexpr std::size_t kColumnBytes = 4096;
constexpr std::size_t kNarrowSources = 16;  // few sources stay in the cache as they are

using Pointers = std::array<unsigned char*, kMaxSymbols + 1>;

// The tables that ISA-L's kernels want, of all 256 coefficients: copying one is ten times faster than making
// it. What is in one is the library's affair, and how long it is as well: 32 bytes, or 8 where it multiplies
// by GFNI (from 2.31 on).
struct CoefficientTables {
  std::array<std::uint8_t, 256 * kMostTableBytes> bytes{};
  std::size_t each;

  CoefficientTables() : each(length_of_one()) {
    std::array<unsigned char, 256> all;
    std::iota(all.begin(), all.end(), static_cast<unsigned char>(0));
    ec_init_tables(static_cast<int>(all.size()), 1, all.data(), bytes.data());
  }
  // As far as it writes whatever was there before.
  static std::size_t length_of_one() {
    std::array<unsigned char, kMostTableBytes> over_zeros{};
    std::array<unsigned char, kMostTableBytes> over_ones;
    over_ones.fill(0xff);
    unsigned char one = 1;
    ec_init_tables(1, 1, &one, over_zeros.data());
    ec_init_tables(1, 1, &one, over_ones.data());
    const auto end = std::mismatch(over_zeros.begin(), over_zeros.end(), over_ones.begin()).first;
    return static_cast<std::size_t>(end - over_zeros.begin());
  }
};

const CoefficientTables& coefficient_tables() {
  static const CoefficientTables tables;
  return tables;
}

std::size_t table_bytes() {
  return coefficient_tables().each;
}

void put_table(std::vector<std::uint8_t>& tables, std::size_t at, std::uint8_t coefficient) {
  const CoefficientTables& all = coefficient_tables();
  std::memcpy(tables.data() + at * all.each, all.bytes.data() + coefficient * all.each, all.each);
}

std::uint8_t cauchy(unsigned esi, unsigned source) {
  return inverse(static_cast<std::uint8_t>(esi ^ source));
}

// `inputs` and `outputs` are moved on; that is why they are copies. ISA-L reads its inputs and tables only,
// whatever its prototypes say.
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

Error misfit(const char* what) {
  return {Errc::usage, fmt::format("erasure code: {}", what)};
}

// Wrong repair symbols look like right ones until they are needed. So before the first are made, the library
// shows once that with tables laid out as here it multiplies and adds as the format says.
bool kernels_are_right() {
  constexpr unsigned kSources = 3;
  constexpr unsigned kRows = 7;          // there is a kernel for each number up to six
  constexpr std::size_t kLength = 1217;  // whole vectors and a rest
  std::array<std::array<std::uint8_t, kLength>, kSources> data;
  std::array<std::array<std::uint8_t, kLength>, kRows> made{};
  std::vector<std::uint8_t> tables(kSources * kRows * table_bytes());
  Pointers in{};
  Pointers out{};
  const auto coefficient = [](unsigned row, unsigned j) {
    return static_cast<std::uint8_t>(0x53 + 0x4f * (row + kRows * j));
  };
  for (unsigned j = 0; j < kSources; ++j) {
    for (std::size_t i = 0; i < kLength; ++i)
      data[j][i] = static_cast<std::uint8_t>(i * (2 * j + 1) + i / 256);
    in[j] = data[j].data();
    for (unsigned row = 0; row < kRows; ++row) put_table(tables, row * kSources + j, coefficient(row, j));
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
  static const bool right = kernels_are_right();
  if (right) return {};
  return Error(Errc::unsupported,
               "the installed ISA-L computes other products than this program was made for")
      .with_hint("install the ISA-L of your system's release");
}

}  // namespace

RepairEncoder::RepairEncoder(unsigned sources, unsigned repairs)
    : sources_(sources), repairs_(repairs), tables_(table_bytes() * sources * repairs) {
  for (unsigned row = 0; row < repairs; ++row)
    for (unsigned j = 0; j < sources; ++j)
      put_table(tables_, std::size_t{row} * sources + j, cauchy(sources + row, j));
}

Result<RepairEncoder> RepairEncoder::make(unsigned sources, unsigned repairs) {
  if (sources < 1 || repairs < 1 || sources >= kMaxSymbols || repairs > kMaxSymbols - sources)
    return Error(Errc::usage,
                 fmt::format("{} source and {} repair symbols: a block has at least one of each and "
                             "at most {} together",
                             sources, repairs, kMaxSymbols));
  DCDN_CHECK(check_kernels());
  return RepairEncoder(sources, repairs);
}

Result<void> RepairEncoder::encode(unsigned first_repair, std::span<const ByteView> sources,
                                   std::span<const MutableByteView> repairs) const {
  if (sources.size() != sources_) return misfit("wrong number of source symbols");
  if (repairs.size() > repairs_ || first_repair > repairs_ - repairs.size())
    return misfit("no such repair symbol");
  const std::size_t bytes = sources.front().size();
  Pointers in{};
  Pointers out{};
  for (unsigned j = 0; j < sources_; ++j) {
    if (sources[j].size() != bytes) return misfit("source symbols of different length");
    in[j] = const_cast<unsigned char*>(sources[j].data());
  }
  for (std::size_t i = 0; i < repairs.size(); ++i) {
    if (repairs[i].size() != bytes)
      return misfit("a repair symbol has another length than the source symbols");
    out[i] = repairs[i].data();
  }
  const std::uint8_t* const tables = tables_.data() + std::size_t{first_repair} * sources_ * table_bytes();
  multiply_rows(bytes, sources_, static_cast<unsigned>(repairs.size()), tables, in, out);
  return {};
}

// Which symbols are lost (L), which repairs stand in for them (R), and what each lost symbol is made of.
//
// A lost symbol l solves sum over l in L of x_l / (r + l) = y_r for all r in R, y_r being repair r less what
// the surviving sources s add to it. With P(z) = product of (z + r), Q(z) = product of (z + l), and P'(r),
// Q'(l) the same without the factor that is zero, the inverse of the Cauchy matrix is (Schechter 1959)
//   x_l = sum over r of  P(l) Q(r) / (Q'(l) P'(r) (r + l))  y_r.
// Put in y_r, and the sum over r that multiplies s collapses, because the residues of Q(z) / (P(z) (z + l) (z
// + s)) add up to zero: its factor is  P(l) Q(s) / (Q'(l) P(s) (s + l)).  So no matrix is inverted or
// multiplied, and a factor costs a few additions of logarithms.
struct SourceDecoder::Plan {
  unsigned sources = 0;
  std::vector<std::uint8_t> lost;
  std::vector<std::uint8_t> used;     // ESIs of the repairs
  std::vector<std::uint8_t> tables;   // [lost][k]: survivors in their places, repairs in those of the lost
  std::array<unsigned, 256> log_p{};  // of P(z), Q(z); of P'(r), Q'(l) where the product would be zero
  std::array<unsigned, 256> log_q{};

  [[nodiscard]] bool fits(unsigned k, const std::vector<std::uint8_t>& l,
                          const std::vector<std::uint8_t>& r) const {
    return sources == k && lost == l && used == r;
  }
  static unsigned log_product(unsigned z, const std::vector<std::uint8_t>& roots) {
    unsigned sum = 0;
    for (const std::uint8_t root : roots)
      if (root != z) sum += kGalois.log[root ^ z];
    return sum % 255;
  }
  void solve(unsigned k, std::vector<std::uint8_t> l, std::vector<std::uint8_t> r);
};

void SourceDecoder::Plan::solve(unsigned k, std::vector<std::uint8_t> l, std::vector<std::uint8_t> r) {
  sources = k;
  lost = std::move(l);
  used = std::move(r);
  std::array<std::uint8_t, kMaxSymbols> column{};  // what stands in each of the k places: its ESI
  for (unsigned j = 0; j < k; ++j) column[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 0; i < lost.size(); ++i) column[lost[i]] = used[i];
  for (const std::uint8_t z : lost) {
    log_p[z] = log_product(z, used);
    log_q[z] = log_product(z, lost);
  }
  for (unsigned j = 0; j < k; ++j) {
    log_p[column[j]] = log_product(column[j], used);
    log_q[column[j]] = log_product(column[j], lost);
  }
  tables.resize(table_bytes() * lost.size() * k);
  for (std::size_t i = 0; i < lost.size(); ++i) {
    const std::uint8_t z = lost[i];
    const unsigned of_row = log_p[z] + 255 - log_q[z];
    for (unsigned j = 0; j < k; ++j) {
      const std::uint8_t c = column[j];
      const unsigned log = of_row + log_q[c] + 2 * 255 - log_p[c] - kGalois.log[c ^ z];
      put_table(tables, i * k + j, kGalois.exp[log % 255]);
    }
  }
}

SourceDecoder::SourceDecoder() : plan_(std::make_unique<Plan>()) {}
SourceDecoder::~SourceDecoder() = default;
SourceDecoder::SourceDecoder(SourceDecoder&&) noexcept = default;
SourceDecoder& SourceDecoder::operator=(SourceDecoder&&) noexcept = default;

Result<void> SourceDecoder::recover(std::span<const ByteView> sources, std::span<const RepairSymbol> repairs,
                                    std::span<const MutableByteView> recovered) {
  if (sources.empty() || sources.size() >= kMaxSymbols) return misfit("wrong number of source symbols");
  const auto k = static_cast<unsigned>(sources.size());
  std::vector<std::uint8_t> lost;
  for (unsigned j = 0; j < k; ++j)
    if (sources[j].empty()) lost.push_back(static_cast<std::uint8_t>(j));
  if (recovered.size() != lost.size()) return misfit("one place is needed for each lost symbol");
  if (lost.empty()) return {};
  if (repairs.size() < lost.size())
    return Error(Errc::incomplete,
                 fmt::format("{} of {} source symbols are lost, and only {} repair symbols are there",
                             lost.size(), k, repairs.size()));
  DCDN_CHECK(check_kernels());
  const std::size_t bytes = recovered.front().size();
  std::vector<std::uint8_t> used;
  std::bitset<256> seen;
  Pointers in{};
  Pointers out{};
  for (unsigned j = 0; j < k; ++j) {
    if (!sources[j].empty() && sources[j].size() != bytes) return misfit("symbols of different length");
    in[j] = const_cast<unsigned char*>(sources[j].data());
  }
  for (std::size_t i = 0; i < lost.size(); ++i) {
    const RepairSymbol& repair = repairs[i];
    if (repair.esi < k || repair.esi >= kMaxSymbols || seen[repair.esi]) return misfit("wrong repair symbol");
    if (repair.bytes.size() != bytes || recovered[i].size() != bytes)
      return misfit("symbols of different length");
    seen[repair.esi] = true;
    used.push_back(static_cast<std::uint8_t>(repair.esi));
    in[lost[i]] = const_cast<unsigned char*>(repair.bytes.data());
    out[i] = recovered[i].data();
  }
  if (!plan_->fits(k, lost, used)) plan_->solve(k, std::move(lost), std::move(used));
  multiply_rows(bytes, k, static_cast<unsigned>(recovered.size()), plan_->tables.data(), in, out);
  return {};
}

}  // namespace dcdn::fec
