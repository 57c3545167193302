// chunk_size_policy.hpp - chunk size by the measured path: 64 KiB above 200 ms or 10 % loss, 256 KiB above
// 100 ms or 5 %, else 1 MiB; 256 KiB while nothing is known.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace dcdn::pace {

struct PathMeasure {
  std::chrono::microseconds rtt{};  ///< already smoothed, as QUIC does; 0 or less: not measured yet
  double loss = 0;                  ///< 0..1, since the last measure
};

/// A smaller chunk is taken at once. A larger chunk is only taken when the measure is 20 % inside its bounds
/// (80 ms and 4 % for 1 MiB, 160 ms and 8 % for 256 KiB), so that the size does not flap. Loss comes in
/// bursts and is smoothed: a measure counts a quarter. A fixed size is always obeyed.
class ChunkSizePolicy {
 public:
  explicit ChunkSizePolicy(std::optional<std::uint32_t> fixed) : fixed_(fixed) {}
  /// Feeds a measure; returns the size to cut the next segment with. Without an rtt, or with a loss that is
  /// not a number, nothing is learned.
  std::uint32_t update(const PathMeasure& measure);
  [[nodiscard]] std::uint32_t current() const { return fixed_.value_or(current_); }

 private:
  std::optional<std::uint32_t> fixed_;
  std::uint32_t current_ = 256u << 10;
  bool known_ = false;
  double smoothed_loss_ = 0;
};

}  // namespace dcdn::pace
