#include "coded/replay_window.hpp"

namespace dcdn::coded {

std::uint64_t ReplayWindow::expand(std::uint32_t low) const {
  constexpr std::uint64_t kRange = std::uint64_t{1} << 32;
  const std::uint64_t candidate = (next_ & ~(kRange - 1)) | low;
  if (candidate + kRange / 2 <= next_) return candidate + kRange;
  if (candidate > next_ + kRange / 2 && candidate >= kRange) return candidate - kRange;
  return candidate;
}

bool ReplayWindow::bit(std::uint64_t number) const {
  return (seen_[number % kSpan / 64] >> (number % 64) & 1) != 0;
}

void ReplayWindow::set(std::uint64_t number, bool value) {
  const std::uint64_t mask = std::uint64_t{1} << (number % 64);
  std::uint64_t& word = seen_[number % kSpan / 64];
  word = value ? word | mask : word & ~mask;
}

bool ReplayWindow::is_fresh(std::uint64_t number) const {
  if (number >= next_) return true;
  return next_ - number <= kSpan && !bit(number);
}

void ReplayWindow::accept(std::uint64_t number) {
  if (number >= next_) {
    if (number - next_ >= kSpan) {
      seen_.fill(0);
    } else {
      for (std::uint64_t skipped = next_; skipped < number; ++skipped) set(skipped, false);
    }
    next_ = number + 1;
  }
  set(number, true);
}

}  // namespace dcdn::coded
