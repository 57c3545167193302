// chunk_size_policy.hpp - chunk size by the measured path: 64 KiB above 200 ms or 10 % loss, 256 KiB above
// 100 ms or 5 %, else 1 MiB; 256 KiB while nothing is known. Less where the rate is limited.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace dcdn::pace {

struct PathMeasure {
  std::chrono::microseconds rtt{};  ///< already smoothed, as QUIC does; 0 or less: not measured yet
  double loss = 0;                  ///< 0..1, since the last measure
  double carried_bytes_per_s = 0;   ///< that the path takes; 0: not known
};

/// A smaller chunk is taken at once. A larger chunk is only taken when the measure is 20 % inside its bounds
/// (80 ms and 4 % for 1 MiB, 160 ms and 8 % for 256 KiB), so that the size does not flap. Loss comes in
/// bursts and is smoothed: a measure counts a quarter. A fixed size is always obeyed.
class ChunkSizePolicy {
 public:
  /// several_paths: 64 KiB at most, so that no path has much to finish when the others are done.
  explicit ChunkSizePolicy(std::optional<std::uint32_t> fixed, bool several_paths = false);
  /// What the user allows, 0 for no limit: a chunk never takes longer than about half a second of it, and
  /// has 16 KiB at least.
  void set_rate(double bytes_per_s);
  /// Feeds a measure; returns the size to cut the next segment with. Without an rtt, or with a loss that is
  /// not a number, nothing is learned.
  std::uint32_t update(const PathMeasure& measure);
  [[nodiscard]] std::uint32_t current() const;

 private:
  std::optional<std::uint32_t> fixed_;
  std::uint32_t most_by_paths_;
  std::uint32_t most_by_rate_;
  std::uint32_t current_ = 256u << 10;
  bool known_ = false;
  double smoothed_loss_ = 0;
};

}  // namespace dcdn::pace
