// sealing.hpp - HKDF with SHA-256 (RFC 5869) and AES-256-GCM (RFC 5116, AEAD_AES_256_GCM), by GnuTLS.
//
// Threads  calls share nothing
#pragma once
#include <initializer_list>

#include "dcdn/result.hpp"
#include "sign/secret.hpp"

namespace dcdn::sign {

inline constexpr std::size_t kTagBytes = 16;
using Nonce = std::array<std::uint8_t, 12>;

/// HKDF-Extract.
Result<Secret> extract(ByteView salt, ByteView secret);
/// HKDF-Expand to 32 bytes; `info` is the parts one after the other.
Result<Secret> expand(const Secret& key, std::initializer_list<ByteView> info);

/// `into` has room for plain.size() + kTagBytes. One key must never meet the same nonce with other bytes.
Result<void> seal(const Secret& key, const Nonce& nonce, ByteView bound, ByteView plain,
                  MutableByteView into);
/// `into` has room for sealed.size() - kTagBytes. False: not sealed with this key, nonce and `bound`; then
/// what is in `into` means nothing.
bool unseal(const Secret& key, const Nonce& nonce, ByteView bound, ByteView sealed, MutableByteView into);

}  // namespace dcdn::sign
