#include "delta/block_search.hpp"

#include <algorithm>

namespace dcdn::delta {

namespace {

/// Where a block was found, the next ones are likely to follow: their sums are made together.
class Lookahead {
 public:
  Lookahead(const SignatureTable& table, ByteView window)
      : table_(table), window_(window), block_bytes_(table.shape().block_bytes) {}

  /// The sum at `at`, if it was made already.
  [[nodiscard]] const StrongSum* find(std::size_t at) const {
    if (count_ == 0 || at < first_ || (at - first_) % block_bytes_ != 0) return nullptr;
    const std::size_t i = (at - first_) / block_bytes_;
    return i < count_ ? &strong_[i] : nullptr;
  }
  /// Makes the sum at `at`, and with it those of the blocks after it that the signature may have.
  const StrongSum& make(std::size_t at) {
    const std::uint8_t* blocks[kStrongLanes];
    first_ = at;
    count_ = 0;
    do {
      blocks[count_++] = window_.data() + at;
      at += block_bytes_;
    } while (count_ < kStrongLanes && at + block_bytes_ <= window_.size() &&
             table_.has_weak(weak_sum(table_.shape().weak, window_.subspan(at, block_bytes_))));
    strong_sums(table_.shape().strong, blocks, count_, block_bytes_, strong_);
    return strong_[0];
  }

 private:
  const SignatureTable& table_;
  ByteView window_;
  std::size_t block_bytes_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  StrongSum strong_[kStrongLanes];
};

template <class Roller>
void walk(const SignatureTable& table, ByteView window, std::size_t at, std::size_t end, const Roller& roller,
          std::vector<Match>& matches) {
  const std::size_t size = table.shape().block_bytes;
  if (window.size() < size || table.blocks() == 0) return;
  end = std::min(end, window.size() - size + 1);
  Lookahead lookahead(table, window);
  const std::uint8_t* bytes = window.data();
  while (at < end) {
    std::uint32_t weak = weak_sum(table.shape().weak, window.subspan(at, size));
    for (;;) {
      if (table.may_have(weak) && table.has_weak(weak)) {
        const StrongSum* made = lookahead.find(at);
        const auto block = table.find(weak, made != nullptr ? *made : lookahead.make(at));
        if (block) {
          matches.push_back({at, *block});
          at += size;
          break;
        }
      }
      if (++at >= end) break;
      weak = roller.roll(weak, bytes[at - 1], bytes[at + size - 1]);
    }
  }
}

template <class Roller>
std::optional<std::size_t> find_tail(const SignatureTable& table, ByteView tail, Roller roller) {
  const std::uint32_t last = table.blocks() - 1;
  std::uint32_t weak = weak_sum(table.shape().weak, tail);
  for (std::size_t at = 0; at < tail.size(); ++at) {
    if (weak == table.weak_of(last)) {
      const StrongSum strong = strong_sum(table.shape().strong, tail.subspan(at));
      if (std::ranges::equal(ByteView(strong).first(table.shape().strong_bytes), table.strong_of(last)))
        return at;
    }
    weak = roller.shrink(weak, tail[at]);
  }
  return std::nullopt;
}

}  // namespace

std::vector<Match> find_blocks(const SignatureTable& table, ByteView window, std::size_t begin,
                               std::size_t end) {
  std::vector<Match> matches;
  const std::size_t size = table.shape().block_bytes;
  if (table.shape().weak == WeakKind::rabin_karp)
    walk(table, window, begin, end, RabinKarpRoller(size), matches);
  else
    walk(table, window, begin, end, RollsumRoller(size), matches);
  return matches;
}

std::vector<Match> join_ranges(const SignatureTable& table, ByteView window, std::size_t from,
                               const std::vector<WalkedRange>& ranges) {
  const std::size_t size = table.shape().block_bytes;
  std::vector<Match> joined;
  std::size_t at = from;  // where the one walk is
  for (const WalkedRange& range : ranges) {
    auto next = range.matches.begin();
    while (at < range.end) {
      // The range's walk stood at every place that is not inside one of its matches, and saw what the one
      // walk would see there. Inside a match only the one walk knows, until it comes out of it.
      while (next != range.matches.end() && next->at + size <= at) ++next;
      if (next == range.matches.end() || next->at >= at) break;
      const std::size_t out = std::min(next->at + size, range.end);
      const std::vector<Match> own = find_blocks(table, window, at, out);
      joined.insert(joined.end(), own.begin(), own.end());
      at = own.empty() ? out : std::max(own.back().at + size, out);
    }
    if (at >= range.end) continue;
    joined.insert(joined.end(), next, range.matches.end());
    at = next == range.matches.end() ? range.end : std::max(range.end, range.matches.back().at + size);
  }
  return joined;
}

std::optional<std::size_t> find_short_block(const SignatureTable& table, ByteView tail) {
  if (table.blocks() == 0 || tail.empty()) return std::nullopt;
  if (table.shape().weak == WeakKind::rabin_karp) return find_tail(table, tail, RabinKarpRoller(tail.size()));
  return find_tail(table, tail, RollsumRoller(tail.size()));
}

}  // namespace dcdn::delta
