// delta_commands.hpp - deltas as rdiff writes them: copies out of the old file and literal bytes.
//
// Spec  librsync's file format: u32 magic, then commands: a byte, its operands big-endian, literal bytes. 00
//       ends the delta; rdiff reads no further, and there our trailer is (dcdn-delta(1))
#pragma once
#include <functional>
#include <optional>
#include <variant>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn::delta {

/// What a delta counts.
struct DeltaCounts {
  std::uint64_t copies = 0;  ///< commands
  std::uint64_t copied_bytes = 0;
  std::uint64_t literals = 0;  ///< commands
  std::uint64_t literal_bytes = 0;
};

/// What a delta of ours says about its outcome after its last command.
struct DeltaTrailer {
  std::uint64_t target_bytes = 0;
  Digest target;  ///< BLAKE3
  bool operator==(const DeltaTrailer&) const = default;
};

/// Takes pieces of a delta as they are made.
using TakeBytes = std::function<Result<void>(ByteView)>;

/// Adjoining copies become one; literals are cut every 32 KiB, so that equal commands give equal bytes
/// however they came.
class DeltaWriter {
 public:
  explicit DeltaWriter(TakeBytes take);
  Result<void> copy(std::uint64_t offset, std::uint64_t size);
  Result<void> literal(ByteView bytes);
  Result<void> end(const std::optional<DeltaTrailer>& trailer);
  [[nodiscard]] const DeltaCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  ///< of the delta

 private:
  Result<void> end_copy();
  Result<void> end_literal();
  Result<void> give_if_full();
  Result<void> give();

  TakeBytes take_;
  Bytes out_;
  Bytes literal_;
  std::uint64_t copy_offset_ = 0;
  std::uint64_t copy_size_ = 0;
  std::uint64_t bytes_ = 0;
  DeltaCounts counts_;
};

struct CopyStep {
  std::uint64_t offset = 0;  ///< in the old file
  std::uint64_t size = 0;    ///< at least 1; offset + size at most 2^63
};
struct LiteralStep {
  ByteView bytes;  ///< valid until the next push
};
struct EndStep {
  std::optional<DeltaTrailer> trailer;
};
struct MoreStep {};
using DeltaStep = std::variant<MoreStep, CopyStep, LiteralStep, EndStep>;

/// Bytes in, commands out. Pure; holds what it is given and nothing else.
class DeltaReader {
 public:
  /// Only after next() said MoreStep.
  void push(ByteView bytes);
  /// No more input; there is no end without it.
  void finish() { finished_ = true; }
  /// error corrupt: not a delta, an unknown command, an impossible length, something else than a trailer
  /// after the end; incomplete: finished too early.
  Result<DeltaStep> next();

 private:
  Result<DeltaStep> command();
  Result<DeltaStep> literal_bytes();
  Result<DeltaStep> end();
  Result<DeltaStep> need() const;
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t size) const;

  Bytes held_;  // the beginning of what was pushed may be used up
  std::size_t at_ = 0;
  std::uint64_t literal_left_ = 0;
  bool started_ = false;
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace dcdn::delta
