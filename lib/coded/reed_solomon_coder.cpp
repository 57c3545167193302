#include "coded/reed_solomon_coder.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "coded/coded_packet.hpp"

namespace dcdn::coded {

namespace {

constexpr std::size_t kKeptEncoders = 4;  // 400 kB of tables each, at most

}  // namespace

const fec::RepairEncoder& ReedSolomonCoder::encoder_for(unsigned k) {
  const auto found = encoders_.find(k);
  if (found != encoders_.end()) return found->second;
  if (encoders_.size() >= kKeptEncoders) encoders_.clear();
  auto made = fec::RepairEncoder::make(k, kMaxSymbols - k);
  if (!made) throw std::logic_error(made.error().message);
  return encoders_.emplace(k, std::move(*made)).first->second;
}

void ReedSolomonCoder::repair(ByteView block, unsigned k, unsigned esi, MutableByteView into) {
  const std::size_t size = block.size() / k;
  std::vector<ByteView> sources(k);
  for (unsigned i = 0; i < k; ++i) sources[i] = block.subspan(i * size, size);
  const auto coded = encoder_for(k).encode(esi - k, sources, std::span(&into, 1));
  if (!coded) throw std::logic_error(coded.error().message);
}

bool ReedSolomonCoder::recover(MutableByteView block, unsigned k, std::span<const unsigned> missing,
                               std::span<const RepairSymbol> repairs) {
  const std::size_t size = block.size() / k;
  std::vector<ByteView> sources(k);
  for (unsigned i = 0; i < k; ++i) sources[i] = block.subspan(i * size, size);
  std::vector<MutableByteView> recovered;
  for (const unsigned symbol : missing) {
    sources[symbol] = {};
    recovered.push_back(block.subspan(symbol * size, size));
  }
  std::vector<fec::RepairSymbol> arrived;
  for (const RepairSymbol& repair : repairs) arrived.push_back({repair.esi, repair.bytes});
  return decoder_.recover(sources, arrived, recovered).has_value();
}

}  // namespace dcdn::coded
