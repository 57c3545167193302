// rate_meter.hpp - current and average rate, time left, and whether nothing moves. Time is a parameter.
#pragma once
#include <chrono>
#include <deque>
#include <optional>

#include "dcdn/units.hpp"

namespace dcdn::pace {

class RateMeter {
 public:
  /// `total_done`: bytes done so far, never falling (a fall restarts the meter).
  void update(std::uint64_t total_done, Micros now);
  [[nodiscard]] double now_per_s() const;      ///< over the last second or so
  [[nodiscard]] double average_per_s() const;  ///< since the first byte
  /// How long nothing has come.
  [[nodiscard]] std::chrono::seconds silent_for(Micros now) const;
  [[nodiscard]] std::optional<std::chrono::seconds> time_left(std::uint64_t bytes_left) const;

 private:
  struct Sample {
    Micros at;
    std::uint64_t bytes;
  };
  std::deque<Sample> recent_;
  std::optional<Sample> first_;
  std::optional<Sample> last_change_;
};

}  // namespace dcdn::pace
