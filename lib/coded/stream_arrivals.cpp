#include "coded/stream_arrivals.hpp"

#include <algorithm>

namespace dcdn::coded {

void StreamArrivals::carried(std::uint32_t block, const std::vector<PieceMark>& pieces) {
  std::vector<StreamNumber>& held = blocks_[block];
  for (const PieceMark& piece : pieces) {
    Stream& stream = streams_[piece.stream];
    stream.ended = stream.ended || piece.fin;
    if (std::find(held.begin(), held.end(), piece.stream) != held.end()) continue;
    held.push_back(piece.stream);
    ++stream.blocks;
  }
}

void StreamArrivals::complete(std::uint32_t block) {
  const auto known = blocks_.extract(block);
  if (known.empty()) return;
  for (const StreamNumber number : known.mapped()) {
    const auto found = streams_.find(number);
    if (found == streams_.end()) continue;
    if (--found->second.blocks > 0 || !found->second.ended) continue;
    streams_.erase(found);
    arrived_.push_back(number);
  }
}

void StreamArrivals::forget(StreamNumber stream) {
  streams_.erase(stream);
}

}  // namespace dcdn::coded
