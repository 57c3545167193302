// parity_policy.hpp - how many repair symbols, in blocks of which size: named policies, and a code's odds.
//
// Odds     the exact binomial tail: a block fails when more than m of its k + m symbols are lost, each of
//          them independently. Losses in bursts are worse; see depth_for_bursts().
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "dcdn/result.hpp"

namespace dcdn::fec {

struct BlockShape {
  unsigned sources = 0;  ///< k
  unsigned repairs = 0;  ///< m

  bool operator==(const BlockShape&) const = default;
};

inline constexpr double kSafeOdds = 1e-6;  ///< of one block failing, when nothing else is asked for

/// The odds, 0 to 1, that more than m of the k + m symbols of a block are lost when each is lost with `loss`.
/// Takes any shape up to kMaxSymbols and a loss from 0 to 1; what is below 1e-308 is 0.
double failure_odds(BlockShape shape, double loss);

/// The fewest repair symbols, at least 1, with which a block of `sources` fails with odds below `target`.
/// error usage: k is not 1 to 254, `loss` not in [0, 1), `target` not in (0, 1), or no m reaches it with
/// k + m <= 255 (the hint names the largest k that does).
Result<unsigned> repairs_to_survive(unsigned sources, double loss, double target = kSafeOdds);

/// The highest random loss at which a block still fails with odds below `target`, to twelve digits. The share
/// m / (k + m) is not that loss: at m / (k + m), about every second block fails.
double survivable_loss(BlockShape shape, double target = kSafeOdds);

/// How many blocks to interleave (symbol 0 of each, then symbol 1 of each ...) so that `burst` symbols lost
/// in a row take at most m of any block. Holds for a group of that many blocks of equal shape; with fewer
/// blocks in the last group, a burst of m times their number is what it survives. error usage: m is 0.
Result<std::uint64_t> depth_for_bursts(BlockShape shape, std::uint64_t burst);

/// Blocks small enough to fill within the budget (8 up to 100 ms, 16 up to 200 ms, 32 up to 500 ms, else 64),
/// and ceil(1.5 k loss) repair symbols, but at least 2 and at most k / 2. `loss` is 0 to 1.
BlockShape shape_for_latency(std::chrono::milliseconds budget, double loss);

/// Repair symbols for blocks of 50 by the measured loss, smoothed (each sample counts 0.3): 5 up to 5 %,
/// 10 up to 10 %, 15 up to 15 %, 20 up to 20 %, 25 above. The first sample counts whole.
class AdaptiveParity {
 public:
  static constexpr unsigned kSources = 50;
  /// A loss of 0 to 1 since the last sample; anything else teaches nothing.
  void sample(double loss);
  [[nodiscard]] double smoothed_loss() const { return smoothed_; }
  /// Before the first sample, 10: half of what it may become, for a path of which nothing is known.
  [[nodiscard]] unsigned parity() const;
  [[nodiscard]] BlockShape shape() const { return {kSources, parity()}; }

 private:
  double smoothed_ = 0;
  bool known_ = false;
};

enum class PolicyKind { latency, adaptive };

struct ParityPolicy {
  PolicyKind kind = PolicyKind::adaptive;
  std::chrono::milliseconds budget{};  ///< of latency
  double loss = 0;                     ///< of latency, 0 to 1

  /// What to code the first block with.
  [[nodiscard]] BlockShape first_shape() const;
};

/// "latency:200,loss:5%" (also 200ms, 1s; also loss:0.05; either order) or "adaptive". error usage.
Result<ParityPolicy> parse_parity_policy(std::string_view text);
/// "20%" or "0.2": a share from 0 up to, but not including, 1. error usage; "20" says what it may have meant.
Result<double> parse_loss(std::string_view text);

}  // namespace dcdn::fec
