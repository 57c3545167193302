// class_scheduler.hpp - which priority class sends next: 50/30/20 of the bytes, unused share passed on.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace dcdn::pace {

inline constexpr std::size_t kClasses = 3;  ///< critical, high, normal
inline constexpr std::array<std::uint32_t, kClasses> kShares{50, 30, 20};

/// Start-time fair queueing over three classes (Goyal, Vin, Cheng 1996): a class's virtual time advances by
/// bytes/share; the backlogged class with the least goes next, the more critical on a tie; a class that was
/// idle starts at the current virtual time, so it neither saves up nor is starved. FIFO inside a class is the
/// caller's queue. Integers throughout: good for 10^18 bytes.
class ClassScheduler {
 public:
  /// The class to serve among those marked in `backlogged`; nullopt if none is. Asking again without sent()
  /// gives the same answer.
  [[nodiscard]] std::optional<std::size_t> pick(const std::array<bool, kClasses>& backlogged);
  /// Tells that `bytes` of class `index` (below kClasses) were sent.
  void sent(std::size_t index, std::uint64_t bytes);
  [[nodiscard]] std::uint64_t bytes_sent(std::size_t index) const { return bytes_.at(index); }

 private:
  std::array<std::uint64_t, kClasses> virtual_time_{};
  std::array<bool, kClasses> was_backlogged_{};
  std::array<std::uint64_t, kClasses> bytes_{};
  std::uint64_t now_ = 0;
};

}  // namespace dcdn::pace
