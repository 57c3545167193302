// chunk_size_policy.hpp - chunk size by the measured path: 64 KiB above 200 ms or 10 % loss, 256 KiB above 100 ms or
// 5 %, else 1 MiB; 256 KiB while nothing is known.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace dcdn::pace {

struct PathMeasure {
  std::chrono::microseconds rtt{};
  double loss = 0;  ///< 0..1
};

/// A larger chunk is only taken when the measure is 20 % inside its bounds, so that the size does not flap.
class ChunkSizePolicy {
 public:
  explicit ChunkSizePolicy(std::optional<std::uint32_t> fixed) : fixed_(fixed) {}
  /// Feeds a measure; returns the size to cut the next segment with.
  std::uint32_t update(const PathMeasure& measure);
  [[nodiscard]] std::uint32_t current() const;

 private:
  std::optional<std::uint32_t> fixed_;
  std::uint32_t current_ = 256u << 10;
  bool known_ = false;
  double smoothed_loss_ = 0;
};

}  // namespace dcdn::pace
