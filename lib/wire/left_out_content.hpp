// left_out_content.hpp - how much content came of files that their sender then left out: it is in the chain,
// and no part of what is delivered.
#pragma once
#include <algorithm>
#include <utility>
#include <variant>

#include "wire/manifest.hpp"

namespace dcdn::wire {

/// Told every record of a chain that ManifestChecker let pass, in order: it has checked that the sums fit.
class LeftOutContent {
 public:
  void add(const Record& record) {
    if (std::holds_alternative<EntryBegin>(record) || std::holds_alternative<EntryEnd>(record)) begun_ = 0;
    if (const auto* chunk = std::get_if<ChunkRecord>(&record)) begun_ += chunk->content_size;
    if (const auto* hole = std::get_if<HoleRecord>(&record)) begun_ += hole->size;
    if (std::holds_alternative<LeftOut>(record)) bytes_ += std::exchange(begun_, 0);
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Of `here`, of which some may be what was left out, what is of the rest; exact once all of it is here.
  [[nodiscard]] std::uint64_t rest_of(std::uint64_t here) const { return here - std::min(here, bytes_); }

 private:
  std::uint64_t begun_ = 0;  // of the current file
  std::uint64_t bytes_ = 0;
};

}  // namespace dcdn::wire
