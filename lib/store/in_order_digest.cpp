#include "store/in_order_digest.hpp"

#include <algorithm>

namespace dcdn::store {

namespace {

constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20;

}  // namespace

void InOrderDigest::expect(std::uint64_t offset, std::uint64_t size) {
  pieces_.push_back({offset, size, false});
}

void InOrderDigest::written(std::uint64_t offset, ByteView content) {
  const auto piece = std::lower_bound(pieces_.begin(), pieces_.end(), offset,
                                      [](const Piece& p, std::uint64_t at) { return p.offset < at; });
  if (piece == pieces_.end() || piece->offset != offset) return;
  if (piece != pieces_.begin()) {
    piece->is_written = true;
    return;
  }
  hasher_.update(content);
  pieces_.pop_front();
}

Result<void> InOrderDigest::catch_up(std::uint64_t budget, const Read& read) {
  while (!pieces_.empty() && pieces_.front().is_written && budget > 0) {
    Bytes content(std::min(pieces_.front().size, kReadBytes));
    for (std::uint64_t at = 0; at < pieces_.front().size; at += content.size()) {
      content.resize(std::min<std::uint64_t>(content.size(), pieces_.front().size - at));
      DCDN_CHECK(read(pieces_.front().offset + at, content));
      hasher_.update(content);
    }
    budget -= std::min(budget, pieces_.front().size);
    pieces_.pop_front();
  }
  return {};
}

}  // namespace dcdn::store
