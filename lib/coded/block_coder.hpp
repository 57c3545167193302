// block_coder.hpp - what the coded carrier asks of an erasure code.
#pragma once
#include <span>

#include "dcdn/bytes.hpp"

namespace dcdn::coded {

/// A repair symbol that arrived; its bytes are somebody else's.
struct RepairSymbol {
  unsigned esi = 0;
  ByteView bytes;
};

/// A systematic code of k source symbols and repair symbols k..254; any k of them give the rest.
class BlockCoder {
 public:
  virtual ~BlockCoder() = default;
  /// `block` is k symbols of one size laid side by side; writes repair symbol `esi` (>= k) to `into`.
  virtual void repair(ByteView block, unsigned k, unsigned esi, MutableByteView into) = 0;
  /// Fills in the symbols `missing` of `block` from those that are there and as many `repairs`.
  /// False: it cannot be done (the same repair symbol twice).
  virtual bool recover(MutableByteView block, unsigned k, std::span<const unsigned> missing,
                       std::span<const RepairSymbol> repairs) = 0;
};

}  // namespace dcdn::coded
