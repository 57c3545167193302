// reed_solomon.hpp - systematic Reed-Solomon code over GF(2^8): repair symbols out of source symbols, and
// back.
//
// Spec     dcdn-format(5); symbols are numbered by ESI: 0 .. k-1 source, k .. 254 repair
// Source   repair symbol i is the sum over j of source symbol j / (i xor j): the Cauchy matrix of Bloemer et
// al.,
//          "An XOR-Based Erasure-Resilient Coding Scheme" (ICSI TR-95-048, 1995), as ISA-L's
//          gf_gen_cauchy1_matrix() has it. Every square part of a Cauchy matrix is invertible, so any k of
//          the symbols give the block back; that is not so for ISA-L's Vandermonde matrix.
// Threads  one object a thread; they share nothing
#pragma once
#include <memory>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::fec {

inline constexpr unsigned kMaxSymbols = 255;  ///< k + m of one block: field elements but one

/// Makes repair symbols. Keeps the tables of its rows (32 bytes for each of k x m coefficients).
class RepairEncoder {
 public:
  /// `sources` is k, at least 1; `repairs` is m, at least 1. error usage: k + m is more than 255.
  static Result<RepairEncoder> make(unsigned sources, unsigned repairs);
  /// Repair symbols `first_repair`, first_repair + 1, ... (0 is ESI k), as many as `repairs` has places.
  ///
  /// sources  [k][n] read only
  /// repairs  [up to m][n] every byte overwritten
  /// cost     O(k x repairs x n), no allocation
  /// error    usage: counts or lengths differ, a row beyond m; nothing is written then
  Result<void> encode(unsigned first_repair, std::span<const ByteView> sources,
                      std::span<const MutableByteView> repairs) const;
  [[nodiscard]] unsigned sources() const { return sources_; }
  [[nodiscard]] unsigned repairs() const { return repairs_; }

 private:
  RepairEncoder(unsigned sources, unsigned repairs);
  unsigned sources_;
  unsigned repairs_;
  std::vector<std::uint8_t> tables_;  // [m][k][32]
};

/// A repair symbol that arrived.
struct RepairSymbol {
  unsigned esi = 0;  ///< k .. 254
  ByteView bytes;
};

/// Gives back lost source symbols. Keeps the coefficients of the last pattern of losses: the next block often
/// has the same (a stick that is gone takes the same symbols out of every block).
class SourceDecoder {
 public:
  SourceDecoder();
  ~SourceDecoder();
  SourceDecoder(SourceDecoder&&) noexcept;
  SourceDecoder& operator=(SourceDecoder&&) noexcept;

  /// sources   [k][n]: an empty view where a symbol is lost
  /// repairs   distinct, at least as many as are lost; the first ones are used
  /// recovered [lost][n] every byte overwritten, in the order of ESI
  /// cost      O(lost x k x n); the coefficients O(lost x k), by the closed form of a Cauchy system's
  /// solution error     incomplete: fewer repairs than losses; usage: lengths, counts or ESIs do not fit
  /// together
  Result<void> recover(std::span<const ByteView> sources, std::span<const RepairSymbol> repairs,
                       std::span<const MutableByteView> recovered);

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace dcdn::fec
