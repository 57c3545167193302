#include "digest/blake2b.hpp"

#include <sodium/crypto_generichash_blake2b.h>

namespace dcdn::digest {

struct Blake2b::State {
  crypto_generichash_blake2b_state sodium;
};

Blake2b::Blake2b() : state_(std::make_unique<State>()) {
  // Without a key it cannot fail; nothing in this part of libsodium needs sodium_init.
  (void)crypto_generichash_blake2b_init(&state_->sodium, nullptr, 0, 64);
}
Blake2b::~Blake2b() = default;

void Blake2b::update(ByteView bytes) {
  (void)crypto_generichash_blake2b_update(&state_->sodium, bytes.data(), bytes.size());
}

std::array<std::uint8_t, 64> Blake2b::finish() {
  std::array<std::uint8_t, 64> digest{};
  (void)crypto_generichash_blake2b_final(&state_->sodium, digest.data(), digest.size());
  return digest;
}

}  // namespace dcdn::digest
