// blake2b.hpp - BLAKE2b with 512 bits (RFC 7693), which minisign signs instead of the file. Nothing of ours
// uses it.
#pragma once
#include <array>
#include <memory>

#include "dcdn/bytes.hpp"

namespace dcdn::digest {

class Blake2b {
 public:
  Blake2b();
  ~Blake2b();
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;
  void update(ByteView bytes);
  /// Once, at the end.
  [[nodiscard]] std::array<std::uint8_t, 64> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dcdn::digest
