// packet_seal.hpp - authenticated encryption of the coded carrier's packets, with keys that the QUIC
// handshake made.
//
// Source   RFC 5705 and RFC 8446 section 7.5 (exporter), RFC 5116 (AEAD_AES_128_GCM), nonce as RFC 9001
// section 5.3
#pragma once
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <array>
#include <memory>

#include "coded/coded_packet.hpp"
#include "net/gnutls_session.hpp"

namespace dcdn::net {

/// One direction: seals or opens.
class PacketSeal {
 public:
  struct Secret {
    std::array<std::uint8_t, 16> key{};
    std::array<std::uint8_t, 12> iv{};
    std::uint32_t token = 0;
  };
  static Result<PacketSeal> make(const Secret& secret);

  /// The receiver's name for this direction.
  [[nodiscard]] std::uint32_t token() const { return token_; }
  /// Appends header and sealed body to `into`, which must have room; bytes written, 0 if the library fails.
  std::size_t seal(coded::PacketType type, std::uint64_t number, ByteView body, MutableByteView into) const;
  /// The body of a whole packet, in `into`; empty if it is not authentic.
  [[nodiscard]] ByteView open(coded::PacketType type, std::uint64_t number, ByteView packet,
                              MutableByteView into) const;

 private:
  struct FreeCipher {
    void operator()(gnutls_aead_cipher_hd_t cipher) const { gnutls_aead_cipher_deinit(cipher); }
  };
  using Cipher = std::unique_ptr<std::remove_pointer_t<gnutls_aead_cipher_hd_t>, FreeCipher>;
  PacketSeal(Cipher cipher, const Secret& secret)
      : cipher_(std::move(cipher)), iv_(secret.iv), token_(secret.token) {}
  [[nodiscard]] std::array<std::uint8_t, 12> nonce(coded::PacketType type, std::uint64_t number) const;

  Cipher cipher_;
  std::array<std::uint8_t, 12> iv_;
  std::uint32_t token_;
};

/// What the two directions of one connection use.
struct CodedSecrets {
  PacketSeal::Secret sending;
  PacketSeal::Secret receiving;
};
/// After the handshake. error internal: the TLS library has no exporter for us.
Result<CodedSecrets> export_coded_secrets(gnutls_session_t session, Side side);

}  // namespace dcdn::net
