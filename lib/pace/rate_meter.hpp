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
  /// What was done so far is where the average and moved() begin, and time_left() knows nothing yet.
  void begin();
  [[nodiscard]] bool moved() const;            ///< whether anything has come since it began
  [[nodiscard]] double now_per_s() const;      ///< over the last five seconds
  [[nodiscard]] double average_per_s() const;  ///< since it began; 0 in the first three seconds
  /// How long nothing has come.
  [[nodiscard]] std::chrono::seconds silent_for(Micros now) const;
  /// Unknown in the first three seconds: a guess from a start that is slow by design frightens people.
  [[nodiscard]] std::optional<std::chrono::seconds> time_left(std::uint64_t bytes_left) const;

 private:
  struct Sample {
    Micros at;
    std::uint64_t bytes;
  };
  [[nodiscard]] bool too_early() const;
  std::deque<Sample> recent_;
  std::optional<Sample> first_;
  std::optional<Sample> last_change_;
};

}  // namespace dcdn::pace
