// delta_search.hpp - new content in, delta out: windows of any size, searched on all cores.
//
// Path  reads nothing and starts no threads: the caller brings windows and a way to run tasks side by side
#pragma once
#include <functional>

#include "delta/block_search.hpp"
#include "delta/delta_commands.hpp"

namespace dcdn::delta {

/// Runs task(0) to task(count - 1), side by side if it can, and comes back when all are done.
using RunTasks = std::function<void(std::size_t count, const std::function<void(std::size_t)>& task)>;

class DeltaSearch {
 public:
  DeltaSearch(const SignatureTable& table, std::size_t tasks, RunTasks run, DeltaWriter& writer)
      : table_(table), tasks_(tasks), run_(std::move(run)), writer_(writer) {}

  /// The next bytes of the content, beginning with those that the call before left over. Returns how many
  /// were used: all of them if `last`, else all but less than a block. The delta does not depend on how the
  /// content is cut into windows.
  Result<std::size_t> add(ByteView window, bool last);

 private:
  std::vector<Match> matches_in(ByteView window, std::size_t limit) const;
  [[nodiscard]] std::uint32_t choose(std::uint32_t first) const;
  Result<void> put_tail(ByteView tail);

  const SignatureTable& table_;
  std::size_t tasks_;
  RunTasks run_;
  DeltaWriter& writer_;
  std::optional<std::uint32_t> previous_;  // block that the last bytes were copied from
};

}  // namespace dcdn::delta
