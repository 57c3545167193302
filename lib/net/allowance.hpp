// allowance.hpp - what may be spent of something that comes back with time: answers, time of the processor.
//
// Threads  pure; time is a parameter, in nanoseconds of any clock that does not go back.
#pragma once
#include <algorithm>
#include <cstdint>

namespace dcdn::net {

class Allowance {
 public:
  /// Starts full: `most` is there at once.
  Allowance(double per_second, double most, std::uint64_t now)
      : per_second_(per_second), most_(most), left_(most), at_(now) {}
  /// Below zero: more was spent than was there, and has to come back first.
  [[nodiscard]] double left(std::uint64_t now) const {
    constexpr double kSecond = 1e9;
    return std::min(most_, left_ + static_cast<double>(now - at_) / kSecond * per_second_);
  }
  [[nodiscard]] bool is_full(std::uint64_t now) const { return left(now) >= most_; }
  void spend(double amount, std::uint64_t now) {
    left_ = left(now) - amount;
    at_ = now;
  }

 private:
  double per_second_;
  double most_;
  double left_;
  std::uint64_t at_;
};

}  // namespace dcdn::net
