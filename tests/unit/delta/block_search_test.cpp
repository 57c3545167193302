#include "delta/block_search.hpp"

#include "delta_fixture.hpp"

namespace dcdn::delta {
namespace {

// The walk as the header defines it, one byte after the other, with nothing remembered.
std::vector<Match> plain_walk(const SignatureTable& table, ByteView window) {
  std::vector<Match> matches;
  const std::size_t size = table.shape().block_bytes;
  for (std::size_t at = 0; at + size <= window.size();) {
    const ByteView block = window.subspan(at, size);
    const auto found =
        table.find(weak_sum(table.shape().weak, block), strong_sum(table.shape().strong, block));
    if (found) matches.push_back({at, *found});
    at += found ? size : 1;
  }
  return matches;
}

TEST(BlockSearch, RangesJoinedAreTheOneWalk) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Seeded seeded(seed);
    // Few values make blocks that repeat and matches that overlap: the seams matter.
    const Bytes old = seeded.bytes(400 + seeded.below(3000), seed % 3 == 0 ? 1 : seed % 3 == 1 ? 2 : 256);
    const Bytes file = seeded.edited(old);
    const SignatureShape shape{seed % 2 == 0 ? WeakKind::rabin_karp : WeakKind::rollsum, StrongKind::blake2,
                               static_cast<std::uint32_t>(1 + seeded.below(100)), 8};
    const auto table = SignatureTable::make(signature_of(shape, old));
    ASSERT_TRUE(table);
    if (file.size() < shape.block_bytes) continue;
    const std::size_t limit = file.size() - shape.block_bytes + 1;
    std::vector<WalkedRange> ranges;
    for (std::size_t at = 0; at < limit;) {
      WalkedRange range{at, std::min(limit, at + 1 + seeded.below(500)), {}};
      range.matches = find_blocks(*table, file, range.begin, range.end);
      at = range.end;
      ranges.push_back(std::move(range));
    }
    EXPECT_EQ(join_ranges(*table, file, 0, ranges), plain_walk(*table, file)) << "seed " << seed;
  }
}

TEST(BlockSearch, TheShortLastBlockIsFoundAtTheEnd) {
  Seeded seeded(7);
  for (const WeakKind weak : {WeakKind::rabin_karp, WeakKind::rollsum}) {
    const SignatureShape shape{weak, StrongKind::md4, 100, 16};
    const Bytes old = seeded.bytes(530);
    const auto table = SignatureTable::make(signature_of(shape, old));
    Bytes tail = seeded.bytes(40);
    tail.insert(tail.end(), old.end() - 30, old.end());
    EXPECT_EQ(find_short_block(*table, tail), 40u);
    tail.pop_back();
    EXPECT_EQ(find_short_block(*table, tail), std::nullopt);
    EXPECT_EQ(find_short_block(*table, {}), std::nullopt);
  }
}

}  // namespace
}  // namespace dcdn::delta
