#include "fec/reed_solomon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bitset>

#include "fec/field_kernels.hpp"
#include "fec/galois.hpp"

namespace dcdn::fec {

namespace {

std::uint8_t cauchy(unsigned esi, unsigned source) {
  return inverse(static_cast<std::uint8_t>(esi ^ source));
}

Error misfit(const char* what) {
  return {Errc::usage, fmt::format("erasure code: {}", what)};
}

}  // namespace

RepairEncoder::RepairEncoder(unsigned sources, unsigned repairs)
    : sources_(sources), repairs_(repairs), tables_(coefficient_tables().each() * sources * repairs) {
  for (unsigned row = 0; row < repairs; ++row)
    for (unsigned j = 0; j < sources; ++j)
      coefficient_tables().put(tables_, std::size_t{row} * sources + j, cauchy(sources + row, j));
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
  const std::uint8_t* const tables =
      tables_.data() + std::size_t{first_repair} * sources_ * coefficient_tables().each();
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
  tables.resize(coefficient_tables().each() * lost.size() * k);
  for (std::size_t i = 0; i < lost.size(); ++i) {
    const std::uint8_t z = lost[i];
    const unsigned of_row = log_p[z] + 255 - log_q[z];
    for (unsigned j = 0; j < k; ++j) {
      const std::uint8_t c = column[j];
      const unsigned log = of_row + log_q[c] + 2 * 255 - log_p[c] - kGalois.log[c ^ z];
      coefficient_tables().put(tables, i * k + j, kGalois.exp[log % 255]);
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
