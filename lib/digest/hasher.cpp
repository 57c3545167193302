#include "digest/hasher.hpp"

#include <blake3.h>

#include <algorithm>

namespace dcdn::digest {

namespace {

Digest finish(const blake3_hasher& state) {
  Digest digest;
  blake3_hasher_finalize(&state, digest.bytes.data(), digest.bytes.size());
  return digest;
}

// Long enough that every step fills the widest SIMD path, short enough to stay in the L2 cache. A hole cannot
// be skipped: the position of each 1 KiB leaf goes into its hash, so equal leaves have different hashes.
constexpr std::array<std::uint8_t, 64 * 1024> kZeros{};

}  // namespace

Digest blake3(ByteView bytes) {
  blake3_hasher state;
  blake3_hasher_init(&state);
  blake3_hasher_update(&state, bytes.data(), bytes.size());
  return finish(state);
}

struct Hasher::State {
  blake3_hasher hasher;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  blake3_hasher_init(&state_->hasher);
}
Hasher::Hasher(const Hasher& other) : state_(std::make_unique<State>(*other.state_)) {}
Hasher& Hasher::operator=(const Hasher& other) {
  *state_ = *other.state_;
  return *this;
}
Hasher::~Hasher() = default;

void Hasher::update(ByteView bytes) {
  blake3_hasher_update(&state_->hasher, bytes.data(), bytes.size());
}

void Hasher::update_zeros(std::uint64_t count) {
  while (count > 0) {
    const std::size_t step = static_cast<std::size_t>(std::min<std::uint64_t>(count, kZeros.size()));
    blake3_hasher_update(&state_->hasher, kZeros.data(), step);
    count -= step;
  }
}

Digest Hasher::digest() const {
  return finish(state_->hasher);
}

bool is_all_zero(ByteView bytes) {
  // The first bytes by hand, the rest compared with itself shifted: memcmp is vectorised and stops at a
  // difference.
  const std::size_t head = std::min<std::size_t>(bytes.size(), 16);
  for (const std::uint8_t byte : bytes.first(head))
    if (byte != 0) return false;
  return bytes.size() == head || std::memcmp(bytes.data(), bytes.data() + head, bytes.size() - head) == 0;
}

}  // namespace dcdn::digest
