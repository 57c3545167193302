// block_search.hpp - finds blocks of a signature in new content: on ranges at the same time, joined so that
// the outcome is that of one walk from the first byte to the last.
//
// The walk: at a place where a block of the signature lies, take it and go on after it; elsewhere go on one
// byte. Threads  find_blocks: any; a SignatureTable is only read
#pragma once
#include <vector>

#include "delta/signature.hpp"

namespace dcdn::delta {

struct Match {
  std::size_t at = 0;       ///< in the window
  std::uint32_t block = 0;  ///< the first of those with equal sums
  bool operator==(const Match&) const = default;
};

/// The matches of the walk that starts at `begin` and is over at `end` or after it, in order. Only whole
/// blocks: those that lie inside `window`.
std::vector<Match> find_blocks(const SignatureTable& table, ByteView window, std::size_t begin,
                               std::size_t end);

/// A part of a window that was walked on its own.
struct WalkedRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<Match> matches;
};
/// The matches of one walk over adjoining ranges, the first of which it enters at `from`.
std::vector<Match> join_ranges(const SignatureTable& table, ByteView window, std::size_t from,
                               const std::vector<WalkedRange>& ranges);

/// Whether the signature's last block, if it is a short one, is the end of `tail`, which is shorter than a
/// block: where it starts in there.
std::optional<std::size_t> find_short_block(const SignatureTable& table, ByteView tail);

}  // namespace dcdn::delta
