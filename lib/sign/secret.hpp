// secret.hpp - 32 bytes that wipe themselves: a seed, or a key of a symmetric algorithm.
#pragma once
#include "dcdn/bytes.hpp"

namespace dcdn::sign {

inline constexpr std::size_t kSecretBytes = 32;

class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView bytes);  ///< copies kSecretBytes
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret();
  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] MutableByteView writable() { return bytes_; }

 private:
  std::array<std::uint8_t, kSecretBytes> bytes_{};
};

}  // namespace dcdn::sign
