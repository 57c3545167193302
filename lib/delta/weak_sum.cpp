#include "delta/weak_sum.hpp"

#include "delta/vector_target.hpp"

namespace dcdn::delta {

namespace {

typedef std::uint8_t Byte16 __attribute__((vector_size(16)));
typedef std::uint32_t Sum16 __attribute__((vector_size(64)));

constexpr std::uint32_t kMultiplier = RabinKarpRoller::kMultiplier;

constexpr std::uint32_t power(std::uint32_t base, std::uint64_t exponent) {
  std::uint32_t result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if ((exponent & 1) != 0) result *= base;
  return result;
}

// Sixty-four polynomials side by side, each over every 64th byte, put together at the end: a multiplication
// takes long, but many can be on their way at once.
DCDN_INLINE std::uint32_t rabin_karp(const std::uint8_t* at, std::size_t size) {
  constexpr std::size_t kStep = 64;
  constexpr std::uint32_t kStepPower = power(kMultiplier, kStep);
  Sum16 sums[4] = {};
  const std::size_t steps = size / kStep;
  for (std::size_t step = 0; step < steps; ++step, at += kStep)
    for (std::size_t i = 0; i < 4; ++i) {
      Byte16 bytes;
      std::memcpy(&bytes, at + i * sizeof bytes, sizeof bytes);
      sums[i] = sums[i] * kStepPower + __builtin_convertvector(bytes, Sum16);
    }
  std::uint32_t sum = power(kMultiplier, steps * kStep);  // what the seed 1 has become
  std::uint32_t joined = 0;
  for (std::size_t i = 0; i < kStep; ++i) joined = joined * kMultiplier + sums[i / 16][i % 16];
  sum += joined;
  for (std::size_t i = steps * kStep; i < size; ++i) sum = sum * kMultiplier + *at++;
  return sum;
}

std::uint32_t rabin_karp_plain(const std::uint8_t* at, std::size_t size) {
  return rabin_karp(at, size);
}
#ifdef DCDN_VECTOR_TARGETS
DCDN_AVX2 std::uint32_t rabin_karp_avx2(const std::uint8_t* at, std::size_t size) {
  return rabin_karp(at, size);
}
DCDN_AVX512 std::uint32_t rabin_karp_avx512(const std::uint8_t* at, std::size_t size) {
  return rabin_karp(at, size);
}
#endif

std::uint32_t rollsum(ByteView block) {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  for (const std::uint8_t byte : block) {
    first += byte + RollsumRoller::kOffset;
    second += first;
  }
  return second << 16 | (first & 0xffff);
}

}  // namespace

std::uint32_t weak_sum(WeakKind kind, ByteView block) {
  if (kind == WeakKind::rollsum) return rollsum(block);
#ifdef DCDN_VECTOR_TARGETS
  if (has_avx512()) return rabin_karp_avx512(block.data(), block.size());
  if (has_avx2()) return rabin_karp_avx2(block.data(), block.size());
#endif
  return rabin_karp_plain(block.data(), block.size());
}

RabinKarpRoller::RabinKarpRoller(std::size_t size) : power_(power(kMultiplier, size)) {
  fill(power_);
}

void RabinKarpRoller::fill(std::uint32_t value) {
  // The seed moves with the bytes: kMultiplier - 1 for it.
  for (std::uint32_t byte = 0; byte < leaving_.size(); ++byte)
    leaving_[byte] = value * (byte + kMultiplier - 1);
}

std::uint32_t RabinKarpRoller::shrink(std::uint32_t sum, std::uint8_t out) {
  power_ *= kInverse;
  return sum - power_ * (out + kMultiplier - 1);
}

}  // namespace dcdn::delta
