// connection_id.hpp - QUIC connection ids as keys of our own tables (RFC 9000 section 5.1).
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>

#include "dcdn/bytes.hpp"
#include "net/quic_library.hpp"

namespace dcdn::net {

/// Length of the ids we choose: short headers do not carry it. 64 random bits: nobody guesses one, and each
/// packet stays short.
inline constexpr std::size_t kConnectionIdBytes = 8;

struct ConnectionId {
  std::array<std::uint8_t, NGTCP2_MAX_CIDLEN> bytes{};
  std::size_t size = 0;

  ConnectionId() = default;
  explicit ConnectionId(ByteView from) : size(std::min(from.size(), bytes.size())) {
    std::copy_n(from.begin(), size, bytes.begin());
  }
  explicit ConnectionId(const ngtcp2_cid& id) : ConnectionId(ByteView(id.data, id.datalen)) {}
  auto operator<=>(const ConnectionId&) const = default;
};

}  // namespace dcdn::net
