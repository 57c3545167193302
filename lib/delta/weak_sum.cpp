#include "delta/weak_sum.hpp"

#ifdef DCDN_VECTOR_TARGETS
#include <immintrin.h>
#endif

namespace dcdn::delta {

namespace {

constexpr std::uint32_t kMultiplier = RabinKarpRoller::kMultiplier;

constexpr std::uint32_t power(std::uint32_t base, std::uint64_t exponent) {
  std::uint32_t result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if ((exponent & 1) != 0) result *= base;
  return result;
}

constexpr std::uint32_t kSquare = kMultiplier * kMultiplier;

// Four bytes a step, so that one multiplication in four waits for the one before.
std::uint32_t rabin_karp(const std::uint8_t* at, std::size_t size, std::uint32_t sum) {
  for (; size >= 4; size -= 4, at += 4)
    sum = sum * (kSquare * kSquare) + (at[0] * kMultiplier + at[1]) * kSquare + at[2] * kMultiplier + at[3];
  for (; size > 0; --size) sum = sum * kMultiplier + *at++;
  return sum;
}

#ifdef DCDN_VECTOR_TARGETS
constexpr std::size_t kStep = 64;

constexpr std::array<std::uint32_t, kStep> falling_powers() {
  std::array<std::uint32_t, kStep> powers{};
  for (std::size_t i = 0; i < kStep; ++i) powers[i] = power(kMultiplier, kStep - 1 - i);
  return powers;
}
constexpr std::array<std::uint32_t, kStep> kFalling = falling_powers();

// Sixty-four polynomials side by side, each over every 64th byte, put together at the end.
DCDN_AVX512 std::uint32_t rabin_karp_avx512(const std::uint8_t* at, std::size_t size) {
  const __m512i factor = _mm512_set1_epi32(static_cast<int>(power(kMultiplier, kStep)));
  __m512i sums[4] = {};
  std::uint32_t seed = 1;
  for (; size >= kStep; size -= kStep, at += kStep) {
    seed *= power(kMultiplier, kStep);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i * 16));
      sums[i] = _mm512_add_epi32(_mm512_mullo_epi32(sums[i], factor), _mm512_cvtepu8_epi32(bytes));
    }
  }
  alignas(64) std::array<std::uint32_t, 16> lanes;
  for (std::size_t i = 0; i < 4; ++i) {
    _mm512_store_si512(lanes.data(), sums[i]);
    for (std::size_t lane = 0; lane < 16; ++lane) seed += lanes[lane] * kFalling[i * 16 + lane];
  }
  return rabin_karp(at, size, seed);
}

DCDN_AVX2 std::uint32_t rabin_karp_avx2(const std::uint8_t* at, std::size_t size) {
  const __m256i factor = _mm256_set1_epi32(static_cast<int>(power(kMultiplier, kStep / 2)));
  __m256i sums[4] = {};
  std::uint32_t seed = 1;
  for (; size >= kStep / 2; size -= kStep / 2, at += kStep / 2) {
    seed *= power(kMultiplier, kStep / 2);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at + i * 8));
      sums[i] = _mm256_add_epi32(_mm256_mullo_epi32(sums[i], factor), _mm256_cvtepu8_epi32(bytes));
    }
  }
  alignas(32) std::array<std::uint32_t, 8> lanes;
  for (std::size_t i = 0; i < 4; ++i) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes.data()), sums[i]);
    for (std::size_t lane = 0; lane < 8; ++lane) seed += lanes[lane] * kFalling[kStep / 2 + i * 8 + lane];
  }
  return rabin_karp(at, size, seed);
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

std::uint32_t weak_sum(WeakKind kind, ByteView block, [[maybe_unused]] Target target) {
  if (kind == WeakKind::rollsum) return rollsum(block);
#ifdef DCDN_VECTOR_TARGETS
  if (target == Target::avx512) return rabin_karp_avx512(block.data(), block.size());
  if (target == Target::avx2) return rabin_karp_avx2(block.data(), block.size());
#endif
  return rabin_karp(block.data(), block.size(), 1);
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
