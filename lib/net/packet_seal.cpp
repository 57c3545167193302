#include "net/packet_seal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_reader.hpp"

namespace dcdn::net {

namespace {

constexpr char kLabel[] = "EXPORTER-dcdn-coded-1";
constexpr std::size_t kSecretBytes = 32;  // key, iv, token

PacketSeal::Secret secret_of(ByteView bytes) {
  PacketSeal::Secret secret;
  std::copy_n(bytes.begin(), secret.key.size(), secret.key.begin());
  std::copy_n(bytes.begin() + 16, secret.iv.size(), secret.iv.begin());
  ByteReader reader(bytes.subspan(28));
  secret.token = reader.fixed<std::uint32_t>();
  return secret;
}

}  // namespace

Result<CodedSecrets> export_coded_secrets(gnutls_session_t session, Side side) {
  std::array<std::uint8_t, 2 * kSecretBytes> bytes{};
  const int failure = gnutls_prf_rfc5705(session, sizeof kLabel - 1, kLabel, 0, nullptr, bytes.size(),
                                         reinterpret_cast<char*>(bytes.data()));
  if (failure != 0) return Error(Errc::internal, fmt::format("TLS exporter: {}", gnutls_strerror(failure)));
  CodedSecrets secrets;
  secrets.sending = secret_of(ByteView(bytes).first(kSecretBytes));
  secrets.receiving = secret_of(ByteView(bytes).subspan(kSecretBytes));
  if (side == Side::server) std::swap(secrets.sending, secrets.receiving);
  gnutls_memset(bytes.data(), 0, bytes.size());
  return secrets;
}

Result<PacketSeal> PacketSeal::make(const Secret& secret) {
  const gnutls_datum_t key{const_cast<unsigned char*>(secret.key.data()),
                           static_cast<unsigned>(secret.key.size())};
  gnutls_aead_cipher_hd_t raw = nullptr;
  const int failure = gnutls_aead_cipher_init(&raw, GNUTLS_CIPHER_AES_128_GCM, &key);
  if (failure != 0) return Error(Errc::internal, fmt::format("AES-128-GCM: {}", gnutls_strerror(failure)));
  return PacketSeal(Cipher(raw), secret);
}

// Data and feedback count their packets apart, so the type is part of the nonce.
std::array<std::uint8_t, 12> PacketSeal::nonce(coded::PacketType type, std::uint64_t number) const {
  std::array<std::uint8_t, 12> made = iv_;
  made[0] ^= static_cast<std::uint8_t>(type);
  for (std::size_t i = 0; i < 8; ++i) made[11 - i] ^= static_cast<std::uint8_t>(number >> (8 * i));
  return made;
}

std::size_t PacketSeal::seal(coded::PacketType type, std::uint64_t number, ByteView body,
                             MutableByteView into) const {
  thread_local Bytes header;
  header.clear();
  append(header, coded::PacketHeader{type, token_, static_cast<std::uint32_t>(number)});
  std::copy(header.begin(), header.end(), into.begin());
  const auto once = nonce(type, number);
  std::size_t sealed = into.size() - header.size();
  const int failure = gnutls_aead_cipher_encrypt(cipher_.get(), once.data(), once.size(), header.data(),
                                                 header.size(), coded::kTagBytes, body.data(), body.size(),
                                                 into.data() + header.size(), &sealed);
  return failure == 0 ? header.size() + sealed : 0;
}

ByteView PacketSeal::open(coded::PacketType type, std::uint64_t number, ByteView packet,
                          MutableByteView into) const {
  const auto once = nonce(type, number);
  const ByteView sealed = packet.subspan(coded::kPacketHeaderBytes);
  std::size_t size = into.size();
  const int failure = gnutls_aead_cipher_decrypt(cipher_.get(), once.data(), once.size(), packet.data(),
                                                 coded::kPacketHeaderBytes, coded::kTagBytes, sealed.data(),
                                                 sealed.size(), into.data(), &size);
  return failure == 0 ? ByteView(into.data(), size) : ByteView();
}

}  // namespace dcdn::net
