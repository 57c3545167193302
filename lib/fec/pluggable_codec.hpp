// pluggable_codec.hpp - the codes of liberasurecode, for k + m <= 32: what it finds on this machine at run
// time.
//
// Source   liberasurecode(1.6), /usr/include/liberasurecode/erasurecode.h
// Symbols  only the coded bytes: the 80-byte header that liberasurecode puts before each of its fragments is
//          taken off, and put on again for decoding. The repair symbols of isa_l_rs_cauchy are
//          RepairEncoder's.
// Costs    liberasurecode wants the block in one piece and gives it back so: each call copies all of it.
// Threads  one object a thread; calls into liberasurecode are one at a time in a process
#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "fec/parity_policy.hpp"
#include "fec/reed_solomon.hpp"

namespace dcdn::fec {

inline constexpr unsigned kMaxPluggableSymbols = 32;
/// k x symbol length of one call, which liberasurecode counts in int.
inline constexpr std::size_t kMaxPluggableBlock = std::size_t{1} << 30;

/// What can stand after "liberasurecode:", whether this machine has it or not.
inline constexpr std::array<std::string_view, 7> kPluggableBackends{
    "isa_l_rs_cauchy",        "isa_l_rs_vand", "jerasure_rs_cauchy", "jerasure_rs_vand", "flat_xor_hd",
    "liberasurecode_rs_vand", "libphazr"};

/// The backends found on this machine, in the order above.
std::vector<std::string_view> available_backends();

/// One code of one shape, both ways.
class PluggableCodec {
 public:
  /// error usage: no such backend, k + m over 32, or a shape in which the backend does not survive the losses
  /// that m stands for (wide isa_l_rs_vand) or has no code (flat_xor_hd, mostly); unsupported: not on
  /// this machine, the hint names the package.
  static Result<PluggableCodec> make(std::string_view backend, BlockShape shape);
  PluggableCodec(PluggableCodec&&) noexcept;
  PluggableCodec& operator=(PluggableCodec&&) noexcept;
  ~PluggableCodec();

  [[nodiscard]] BlockShape shape() const { return shape_; }
  /// How many symbols may be missing, whichever they are: m, but 2 or 3 for flat_xor_hd.
  [[nodiscard]] unsigned guaranteed_losses() const { return guaranteed_; }
  /// Repair symbols have a multiple of this many bytes: 1 (isa_l, jerasure_rs_vand), 2, 4 or 8192
  /// (jerasure_rs_cauchy). Sources count as if zeros followed up to it.
  [[nodiscard]] std::size_t granularity() const { return granularity_; }
  /// Bytes of a repair symbol over sources of `bytes`: the next multiple.
  [[nodiscard]] std::size_t repair_bytes(std::size_t bytes) const;

  /// All repair symbols of a block.
  ///
  /// sources  [k][n] read only, n at least 1
  /// repairs  [m][repair_bytes(n)] every byte overwritten
  /// error    usage: counts or lengths differ, k n over kMaxPluggableBlock; nothing is written then.
  /// internal:
  ///          liberasurecode failed
  Result<void> encode(std::span<const ByteView> sources, std::span<const MutableByteView> repairs);

  /// Gives back lost source symbols.
  ///
  /// sources    [k][n]: an empty view where a symbol is lost
  /// repairs    distinct, ESI k .. k+m-1, [repair_bytes(n)]; give all there are, flat_xor_hd needs them
  /// recovered  [lost][n] every byte overwritten, in the order of ESI
  /// error      incomplete: more symbols are missing than guaranteed_losses(), nothing is written then;
  /// usage:
  ///            lengths, counts or ESIs do not fit together; internal: liberasurecode failed
  Result<void> recover(std::span<const ByteView> sources, std::span<const RepairSymbol> repairs,
                       std::span<const MutableByteView> recovered);

 private:
  struct Instance;
  PluggableCodec(std::unique_ptr<Instance> instance, BlockShape shape, unsigned guaranteed,
                 std::size_t granularity);
  Result<void> learn_headers(std::size_t padded);
  Result<void> decode_into(std::span<const ByteView> sources, std::span<const RepairSymbol> repairs,
                           std::span<const MutableByteView> recovered);

  std::unique_ptr<Instance> instance_;
  BlockShape shape_;
  unsigned guaranteed_;
  std::size_t granularity_;
  std::size_t headers_for_ = 0;  // symbol length of headers_; 0: none yet
  std::vector<Bytes> headers_;   // [k + m]
  Bytes block_;                  // [k][padded], kept from call to call
  std::vector<Bytes> fragments_;
};

}  // namespace dcdn::fec
