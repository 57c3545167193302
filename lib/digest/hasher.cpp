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
