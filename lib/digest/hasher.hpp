// hasher.hpp - BLAKE3-256 (BLAKE3 paper, 2020). b3sum prints the same digests.
#pragma once
#include <memory>

#include "dcdn/bytes.hpp"

namespace dcdn::digest {

Digest blake3(ByteView bytes);

/// The same, over bytes that come in pieces. Copyable: a copy continues from the same point.
class Hasher {
 public:
  Hasher();
  Hasher(const Hasher&);
  Hasher& operator=(const Hasher&);
  ~Hasher();
  void update(ByteView bytes);
  [[nodiscard]] Digest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// True if every byte is zero. Fast enough to ask of every chunk.
bool is_all_zero(ByteView bytes);

}  // namespace dcdn::digest
