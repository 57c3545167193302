// reed_solomon_coder.hpp - the code of the coded carrier: that of dcdn-fec, with repair symbols made one at a
// time.
#pragma once
#include <map>

#include "coded/block_coder.hpp"
#include "fec/reed_solomon.hpp"

namespace dcdn::coded {

class ReedSolomonCoder final : public BlockCoder {
 public:
  void repair(ByteView block, unsigned k, unsigned esi, MutableByteView into) override;
  bool recover(MutableByteView block, unsigned k, std::span<const unsigned> missing,
               std::span<const RepairSymbol> repairs) override;

 private:
  const fec::RepairEncoder& encoder_for(unsigned k);

  std::map<unsigned, fec::RepairEncoder> encoders_;  // by k: nearly all blocks have the same
  fec::SourceDecoder decoder_;
};

}  // namespace dcdn::coded
