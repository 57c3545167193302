#include "delta/strong_hash.hpp"

#include <algorithm>
#include <bit>

namespace dcdn::delta {

namespace {

using Word = std::uint64_t;
typedef Word Word4 __attribute__((vector_size(32)));
typedef Word Word8 __attribute__((vector_size(64)));

constexpr std::size_t kChunk = 128;  // bytes of one BLAKE2b compression
constexpr std::array<Word, 8> kInitial{0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                       0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                       0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
// Parameter block of RFC 7693, section 2.5: 32 bytes of digest, no key, fan-out and depth 1.
constexpr Word kParameters = 0x01010000 | kMostStrongBytes;
constexpr std::uint8_t kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                         {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                         {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                         {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                         {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                         {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                         {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                         {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                         {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

DCDN_INLINE Word load_word(const std::uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// Vectors are passed by reference only: by value their registers would depend on the target of the caller.
template <class V>
DCDN_INLINE void set_all(V& into, Word value) {
  into = value - V{};
}
template <class V>
DCDN_INLINE void load(V& into, const std::uint8_t* const* blocks, std::size_t at) {
  if constexpr (sizeof(V) == sizeof(Word)) {
    into = load_word(blocks[0] + at);
  } else {
    for (std::size_t lane = 0; lane < sizeof(V) / sizeof(Word); ++lane)
      into[lane] = load_word(blocks[lane] + at);
  }
}
template <class V>
DCDN_INLINE Word lane_of(const V& from, std::size_t lane) {
  if constexpr (sizeof(V) == sizeof(Word)) {
    return from;
  } else {
    return from[lane];
  }
}
template <int Bits, class V>
DCDN_INLINE void rotate_right(V& value) {
  value = (value >> Bits) | (value << (64 - Bits));
}
template <class V>
DCDN_INLINE void mix(V& a, V& b, V& c, V& d, const V& x, const V& y) {
  a = a + b + x;
  d = d ^ a;
  rotate_right<32>(d);
  c = c + d;
  b = b ^ c;
  rotate_right<24>(b);
  a = a + b + y;
  d = d ^ a;
  rotate_right<16>(d);
  c = c + d;
  b = b ^ c;
  rotate_right<63>(b);
}

template <class V>
DCDN_INLINE void compress(V* h, const std::uint8_t* const* blocks, std::size_t at, Word counted, bool last) {
  V m[16];
  V v[16];
  for (std::size_t i = 0; i < 16; ++i) load(m[i], blocks, at + i * sizeof(Word));
  for (std::size_t i = 0; i < 8; ++i) {
    v[i] = h[i];
    set_all(v[i + 8], kInitial[i]);
  }
  v[12] = v[12] ^ counted;
  if (last) v[14] = ~v[14];
#pragma GCC unroll 12
  for (std::size_t round = 0; round < 12; ++round) {
    const std::uint8_t* s = kSigma[round % 10];
    mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  for (std::size_t i = 0; i < 8; ++i) h[i] = h[i] ^ v[i] ^ v[i + 8];
}

template <class V>
DCDN_INLINE void blake2b(const std::uint8_t* const* blocks, std::size_t size, StrongSum* sums) {
  constexpr std::size_t kLanes =
      sizeof(V) / sizeof(Word);  // NOLINT(bugprone-sizeof-expression): V may be a Word
  V h[8];
  for (std::size_t i = 0; i < 8; ++i) set_all(h[i], kInitial[i]);
  h[0] = h[0] ^ kParameters;
  // The last chunk is padded with zeros, and there is one even if there are no bytes.
  const std::size_t whole = size == 0 ? 0 : (size - 1) / kChunk * kChunk;
  for (std::size_t at = 0; at < whole; at += kChunk) compress(h, blocks, at, at + kChunk, false);
  std::uint8_t padded[kLanes][kChunk] = {};
  const std::uint8_t* tails[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::copy_n(blocks[lane] + whole, size - whole, padded[lane]);
    tails[lane] = padded[lane];
  }
  compress(h, tails, 0, size, true);
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    for (std::size_t byte = 0; byte < kMostStrongBytes; ++byte)
      sums[lane][byte] = static_cast<std::uint8_t>(lane_of(h[byte / 8], lane) >> (byte % 8 * 8));
}

#ifdef DCDN_VECTOR_TARGETS
DCDN_AVX2 void blake2b_4(const std::uint8_t* const* blocks, std::size_t size, StrongSum* sums) {
  blake2b<Word4>(blocks, size, sums);
}
DCDN_AVX512 void blake2b_8(const std::uint8_t* const* blocks, std::size_t size, StrongSum* sums) {
  blake2b<Word8>(blocks, size, sums);
}
#endif

void blake2b_1(const std::uint8_t* block, std::size_t size, StrongSum& sum) {
  blake2b<Word>(&block, size, &sum);
}

constexpr std::size_t kMd4Chunk = 64;

class Md4 {
 public:
  void chunk(const std::uint8_t* bytes) {
    static constexpr std::uint8_t kOrder[3][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                                   {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
                                                   {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}};
    static constexpr std::uint8_t kShift[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static constexpr std::uint32_t kAdd[3] = {0, 0x5a827999, 0x6ed9eba1};
    std::uint32_t x[16];
    for (std::size_t i = 0; i < 64; ++i)
      x[i / 4] = i % 4 == 0 ? bytes[i] : x[i / 4] | static_cast<std::uint32_t>(bytes[i]) << (i % 4 * 8);
    std::array<std::uint32_t, 4> s = state;
    for (std::size_t i = 0; i < 48; ++i) {
      const std::size_t round = i / 16;
      const std::uint32_t f = round == 0   ? (s[1] & s[2]) | (~s[1] & s[3])
                              : round == 1 ? (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])
                                           : s[1] ^ s[2] ^ s[3];
      const std::uint32_t turned =
          std::rotl(s[0] + f + x[kOrder[round][i % 16]] + kAdd[round], kShift[round][i % 4]);
      s = {s[3], turned, s[1], s[2]};
    }
    for (std::size_t i = 0; i < 4; ++i) state[i] += s[i];
  }
  std::array<std::uint32_t, 4> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
};

StrongSum md4(ByteView block) {
  Md4 hash;
  std::size_t at = 0;
  for (; block.size() - at >= kMd4Chunk; at += kMd4Chunk) hash.chunk(block.data() + at);
  std::array<std::uint8_t, 2 * kMd4Chunk> tail{};
  const std::size_t left = block.size() - at;
  std::copy_n(block.data() + at, left, tail.data());
  tail[left] = 0x80;
  const std::size_t size = left < kMd4Chunk - 8 ? kMd4Chunk : 2 * kMd4Chunk;
  for (std::size_t i = 0; i < 8; ++i)
    tail[size - 8 + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(block.size()) * 8 >> (i * 8));
  for (std::size_t i = 0; i < size; i += kMd4Chunk) hash.chunk(tail.data() + i);
  StrongSum sum{};
  for (std::size_t i = 0; i < 16; ++i) sum[i] = static_cast<std::uint8_t>(hash.state[i / 4] >> (i % 4 * 8));
  return sum;
}

}  // namespace

std::size_t strong_size(StrongKind kind) {
  return kind == StrongKind::blake2 ? 32 : 16;
}

StrongSum strong_sum(StrongKind kind, ByteView block) {
  if (kind == StrongKind::md4) return md4(block);
  StrongSum sum;
  blake2b_1(block.data(), block.size(), sum);
  return sum;
}

void strong_sums(StrongKind kind, const std::uint8_t* const* blocks, std::size_t count, std::size_t size,
                 StrongSum* sums, [[maybe_unused]] Target target) {
  std::size_t done = 0;
#ifdef DCDN_VECTOR_TARGETS
  if (kind == StrongKind::blake2) {
    // A full set of lanes costs the same however many are used, hence the spare ones from half a set on.
    const std::size_t lanes = target == Target::avx512 ? 8 : target == Target::avx2 ? 4 : 1;
    for (; lanes > 1 && count - done >= lanes / 2; done += std::min(lanes, count - done)) {
      const std::uint8_t* chosen[kStrongLanes];
      StrongSum found[kStrongLanes];
      for (std::size_t i = 0; i < lanes; ++i) chosen[i] = blocks[std::min(done + i, count - 1)];
      lanes == 8 ? blake2b_8(chosen, size, found) : blake2b_4(chosen, size, found);
      std::copy_n(found, std::min(lanes, count - done), sums + done);
    }
  }
#endif
  for (; done < count; ++done) sums[done] = strong_sum(kind, ByteView(blocks[done], size));
}

}  // namespace dcdn::delta
