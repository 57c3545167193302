#include "delta/delta_search.hpp"

#include <algorithm>

namespace dcdn::delta {

namespace {

constexpr std::size_t kLeastTask = 128u << 10;  // bytes that are worth a thread

}  // namespace

std::vector<Match> DeltaSearch::matches_in(ByteView window, std::size_t limit) const {
  const std::size_t count = std::clamp<std::size_t>(limit / kLeastTask, 1, std::max<std::size_t>(tasks_, 1));
  if (count == 1) return find_blocks(table_, window, 0, limit);
  std::vector<WalkedRange> ranges(count);
  for (std::size_t i = 0; i < count; ++i) {
    ranges[i].begin = limit / count * i;
    ranges[i].end = i + 1 == count ? limit : limit / count * (i + 1);
  }
  run_(count, [&](std::size_t i) {
    ranges[i].matches = find_blocks(table_, window, ranges[i].begin, ranges[i].end);
  });
  return join_ranges(table_, window, 0, ranges);
}

std::uint32_t DeltaSearch::choose(std::uint32_t first) const {
  // Of equal blocks, the one that prolongs the copy; the walks side by side could not know which that is.
  if (previous_ && *previous_ + 1 < table_.blocks() && table_.first_like(*previous_ + 1) == first)
    return *previous_ + 1;
  return first;
}

Result<void> DeltaSearch::put_tail(ByteView tail) {
  const auto at = find_short_block(table_, tail);
  if (!at) return writer_.literal(tail);
  DCDN_CHECK(writer_.literal(tail.first(*at)));
  const std::uint64_t last = table_.blocks() - 1;
  return writer_.copy(last * table_.shape().block_bytes, tail.size() - *at);
}

Result<std::size_t> DeltaSearch::add(ByteView window, bool last) {
  const std::size_t size = table_.shape().block_bytes;
  std::size_t at = 0;
  if (window.size() >= size) {
    const std::size_t limit = window.size() - size + 1;
    for (const Match& match : matches_in(window, limit)) {
      if (match.at > at) {
        DCDN_CHECK(writer_.literal(window.subspan(at, match.at - at)));
        previous_.reset();
      }
      previous_ = choose(match.block);
      DCDN_CHECK(writer_.copy(std::uint64_t{*previous_} * size, size));
      at = match.at + size;
    }
    if (at < limit) {
      DCDN_CHECK(writer_.literal(window.subspan(at, limit - at)));
      previous_.reset();
      at = limit;
    }
  }
  if (!last) return at;
  if (at < window.size()) DCDN_CHECK(put_tail(window.subspan(at)));
  return window.size();
}

}  // namespace dcdn::delta
