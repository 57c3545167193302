// rung_choice.hpp - how much to spend on compression, so that the path never waits for it and the processor
// is not idle while the path is slow.
//
// A rung costs t processor seconds a byte on each of w threads, and carries r of it. Of a path that takes R
// bytes a second it keeps up with a share of (t / w) R / r, its load: on the highest rung whose load leaves
// room, bytes are fewest and nothing waits. What is measured on the rung in use tells of the others.
//
// Threads  pure
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace dcdn::pace {

/// Of one rung, before anything is measured.
struct RungCost {
  double seconds_a_byte = 0;  ///< of content, of one processor
  double share = 1;           ///< carried of content, in relation to that of other rungs
  double threads = 1;         ///< that may work on it at once
};

class RungChoice {
 public:
  /// costs: from the least to the most thorough, at least one. start: where to begin.
  /// segment_bytes: of content, at most; what is begun is not given up half-way.
  RungChoice(std::vector<RungCost> costs, std::uint8_t start, std::uint64_t segment_bytes);

  /// A segment was made on the current rung: of the chunks that were compressed, content and carried bytes,
  /// and the seconds of all threads. Nothing was: nothing is learned.
  void made(std::uint64_t content, std::uint64_t carried, double seconds);
  /// What the path takes, carried bytes a second; 0: it is not known.
  void set_rate(double bytes_per_s) { rate_ = bytes_per_s; }
  /// The path had nothing to carry because nothing was made.
  void waited() { waited_ = true; }

  /// For the next segment. A rate that is met anew is often one that still grows, and a segment that takes
  /// long is waited for: so it takes no longer than half the time since a rate was known. Up by a rung at
  /// most every ten seconds after that; down at once.
  std::uint8_t choose(std::chrono::microseconds now);

 private:
  [[nodiscard]] double content_per_s(std::size_t rung) const;
  [[nodiscard]] double load(std::size_t rung) const;
  [[nodiscard]] std::size_t highest_by_evidence(std::chrono::microseconds now) const;
  [[nodiscard]] std::size_t highest_below(double load_limit, std::size_t upto) const;
  [[nodiscard]] std::size_t fastest() const;

  std::vector<RungCost> costs_;
  std::size_t rung_;
  std::uint64_t segment_bytes_;
  double rate_ = 0;
  double cost_scale_ = 1;  // what is measured, of what the table says
  double share_scale_ = 1;
  bool measured_ = false;
  bool waited_ = false;
  std::optional<std::chrono::microseconds> known_since_;  // the rate
  std::chrono::microseconds last_up_{};
};

}  // namespace dcdn::pace
