// dcdn/bytes.hpp - the words for bytes and for the two 32-byte names used everywhere.
//
// Threads  values: as safe as an int. Views do not own what they show: whoever makes one keeps the bytes
// alive
//          for as long as it is used.
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace dcdn {

using Bytes = std::vector<std::uint8_t>;          ///< owned bytes
using ByteView = std::span<const std::uint8_t>;   ///< bytes of somebody else, read only
using MutableByteView = std::span<std::uint8_t>;  ///< bytes of somebody else, to be written

/// The same bytes under another type; nothing is copied.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
/// The same the other way. What comes from a stranger is text by name only: escape it before it is shown.
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// 32 bytes with a meaning: `Tag` keeps a digest from being passed as a node id.
template <class Tag>
struct Name32 {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const Name32&) const = default;
  [[nodiscard]] ByteView view() const { return bytes; }
  [[nodiscard]] bool is_zero() const { return *this == Name32{}; }
  /// Copies the first 32 bytes of `from`, which must have as many.
  static Name32 copy_of(ByteView from) {
    Name32 name;
    std::memcpy(name.bytes.data(), from.data(), name.bytes.size());
    return name;
  }
};

using Digest = Name32<struct DigestTag>;  ///< BLAKE3-256
using NodeId = Name32<struct NodeIdTag>;  ///< Ed25519 public key of a node (RFC 8032)

/// For hash tables: both kinds are uniformly distributed already.
struct Name32Hash {
  template <class Tag>
  std::size_t operator()(const Name32<Tag>& name) const {
    std::size_t h;
    std::memcpy(&h, name.bytes.data(), sizeof h);
    return h;
  }
};

}  // namespace dcdn
