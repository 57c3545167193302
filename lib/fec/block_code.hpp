// block_code.hpp - the codes that a block at rest can have, by their numbers in dcdn-format(5) "REPAIR".
//
// Threads  one object a thread
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "fec/pluggable_codec.hpp"
#include "fec/reed_solomon.hpp"

namespace dcdn::fec {

/// 1: the Cauchy code of reed_solomon.hpp. 2 .. 7: a backend of liberasurecode.
using CodeNumber = std::uint8_t;
inline constexpr CodeNumber kCauchy = 1;

/// Which code to use, and what computes it.
struct CodeChoice {
  CodeNumber number = kCauchy;
  bool pluggable = false;  ///< liberasurecode, also for code 1
  bool operator==(const CodeChoice&) const = default;
};
/// "isa-l" or "liberasurecode:BACKEND". error usage: neither, or no such backend.
Result<CodeChoice> parse_code(std::string_view text);
/// Of a number of the format: "isa-l", "liberasurecode:flat_xor_hd"; "code 9" for an unknown one.
std::string code_name(CodeNumber number);

class BlockCode {
 public:
  /// `shape` is that of the code: a block with fewer symbols counts as if symbols of zeros followed.
  /// error usage: a shape that the code does not have; unsupported: the machine lacks the backend (the hint
  /// names its package), or the number is unknown.
  static Result<BlockCode> make(CodeChoice choice, BlockShape shape);
  BlockCode(BlockCode&&) noexcept;
  BlockCode& operator=(BlockCode&&) noexcept;
  ~BlockCode();

  [[nodiscard]] CodeChoice choice() const { return choice_; }
  [[nodiscard]] BlockShape shape() const { return shape_; }
  /// How many of the k + m symbols may be missing, whichever they are.
  [[nodiscard]] unsigned guaranteed_losses() const;
  /// Bytes of a repair symbol over sources of `bytes`.
  [[nodiscard]] std::size_t repair_bytes(std::size_t bytes) const;
  /// sources [k][n], repairs [m][repair_bytes(n)], every byte overwritten. error usage, internal.
  Result<void> encode(std::span<const ByteView> sources, std::span<const MutableByteView> repairs);
  /// As SourceDecoder::recover and PluggableCodec::recover.
  Result<void> recover(std::span<const ByteView> sources, std::span<const RepairSymbol> repairs,
                       std::span<const MutableByteView> recovered);

 private:
  struct BuiltIn;
  BlockCode(CodeChoice choice, BlockShape shape);
  CodeChoice choice_;
  BlockShape shape_;
  std::unique_ptr<BuiltIn> built_in_;
  std::unique_ptr<PluggableCodec> pluggable_;
};

}  // namespace dcdn::fec
