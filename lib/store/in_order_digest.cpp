#include "store/in_order_digest.hpp"

#include <algorithm>

namespace dcdn::store {

namespace {

constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20;

}  // namespace

void InOrderDigest::expect(std::uint64_t size, bool hole) {
  pieces_.push_back({announced_, size, hole ? State::hole : State::missing});
  announced_ += size;
  skip_holes();
}

void InOrderDigest::written(std::uint64_t offset, ByteView content) {
  const auto piece = std::lower_bound(pieces_.begin(), pieces_.end(), offset,
                                      [](const Piece& p, std::uint64_t at) { return p.offset < at; });
  if (piece == pieces_.end() || piece->offset != offset) return;
  if (piece != pieces_.begin()) {
    piece->state = State::written;
    return;
  }
  hasher_.update(content);
  pieces_.pop_front();
  skip_holes();
}

Result<void> InOrderDigest::catch_up(std::uint64_t budget, const Read& read) {
  while (!pieces_.empty() && pieces_.front().state == State::written && budget > 0) {
    Bytes content(std::min(pieces_.front().size, kReadBytes));
    for (std::uint64_t at = 0; at < pieces_.front().size; at += content.size()) {
      content.resize(std::min<std::uint64_t>(content.size(), pieces_.front().size - at));
      DCDN_CHECK(read(pieces_.front().offset + at, content));
      hasher_.update(content);
    }
    budget -= std::min(budget, pieces_.front().size);
    pieces_.pop_front();
    skip_holes();
  }
  return {};
}

void InOrderDigest::skip_holes() {
  while (!pieces_.empty() && pieces_.front().state == State::hole) {
    hasher_.update_zeros(pieces_.front().size);
    pieces_.pop_front();
  }
}

}  // namespace dcdn::store
