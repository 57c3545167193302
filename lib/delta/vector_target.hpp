// vector_target.hpp - functions compiled for wider registers than every processor of the family has, and
// which of them this one may call.
#pragma once

#define DCDN_INLINE [[gnu::always_inline]] inline

#if defined(__x86_64__)
#define DCDN_VECTOR_TARGETS 1
#define DCDN_AVX2 [[gnu::target("avx2")]]
#define DCDN_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]]
#endif

namespace dcdn::delta {

enum class Target { plain, avx2, avx512 };

/// The widest that this processor has.
inline Target best_target() {
#ifdef DCDN_VECTOR_TARGETS
  static const Target best = [] {
    if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
        __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0)
      return Target::avx512;
    return __builtin_cpu_supports("avx2") != 0 ? Target::avx2 : Target::plain;
  }();
  return best;
#else
  return Target::plain;
#endif
}

}  // namespace dcdn::delta
