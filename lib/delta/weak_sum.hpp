// weak_sum.hpp - the weak sums of rdiff's signatures, which can be rolled from one byte to the next.
#pragma once
#include <array>

#include "dcdn/bytes.hpp"
#include "delta/vector_target.hpp"

namespace dcdn::delta {

enum class WeakKind : std::uint8_t { rabin_karp, rollsum };

/// Of a whole block. Threads  any. `target` only for tests; this processor must have it.
std::uint32_t weak_sum(WeakKind kind, ByteView block, Target target = best_target());

/// The polynomial hash that librsync 2.2 introduced: sum of b[i] M^(n-1-i), and M^n, modulo 2^32.
class RabinKarpRoller {
 public:
  static constexpr std::uint32_t kMultiplier = 0x08104225;
  static constexpr std::uint32_t kInverse = 0x98f009ad;  ///< kMultiplier * kInverse == 1

  explicit RabinKarpRoller(std::size_t size);
  /// The sum of the same number of bytes, one further.
  [[nodiscard]] std::uint32_t roll(std::uint32_t sum, std::uint8_t out, std::uint8_t in) const {
    return sum * kMultiplier + in - leaving_[out];
  }
  /// The sum without its first byte; after that only shrink() may follow, for one byte less each time.
  std::uint32_t shrink(std::uint32_t sum, std::uint8_t out);

 private:
  void fill(std::uint32_t power);
  std::uint32_t power_;                       // kMultiplier to the number of bytes
  std::array<std::uint32_t, 256> leaving_{};  // by the byte that leaves
};

/// rsync's sum: two 16 bit sums, of the bytes and of the first sum, each byte counted 31 higher.
class RollsumRoller {
 public:
  explicit RollsumRoller(std::size_t size) : size_(static_cast<std::uint32_t>(size)) {}
  [[nodiscard]] std::uint32_t roll(std::uint32_t sum, std::uint8_t out, std::uint8_t in) const {
    const std::uint32_t first = (sum + in - out) & 0xffff;
    return ((sum >> 16) + first - size_ * (out + kOffset)) << 16 | first;
  }
  std::uint32_t shrink(std::uint32_t sum, std::uint8_t out) {
    const std::uint32_t second = (sum >> 16) - size_-- * (out + kOffset);
    return second << 16 | ((sum - out - kOffset) & 0xffff);
  }
  static constexpr std::uint32_t kOffset = 31;

 private:
  std::uint32_t size_;
};

}  // namespace dcdn::delta
