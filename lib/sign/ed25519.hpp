// ed25519.hpp - keys and signatures (RFC 8032), by GnuTLS.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "sign/key_agreement.hpp"

namespace dcdn::sign {

using Signature = std::array<std::uint8_t, 64>;

/// An Ed25519 secret key. Memory is wiped when the last copy goes. Copies share it.
class SecretKey {
 public:
  static Result<SecretKey> generate();
  /// PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` writes it; `passphrase` for an encrypted one.
  /// error untrusted "needs a passphrase" when encrypted and none is given or it is wrong; corrupt when no
  /// such PEM.
  static Result<SecretKey> from_pem(ByteView pem, const std::optional<std::string>& passphrase);
  /// The 32-byte seed of RFC 8032 section 5.1.5 (tests use it for the RFC's vectors).
  static Result<SecretKey> from_seed(ByteView seed);
  [[nodiscard]] Result<Bytes> to_pem(const std::optional<std::string>& passphrase) const;
  [[nodiscard]] const NodeId& id() const;
  /// Threads  safe from several at once.
  [[nodiscard]] Result<Signature> sign(ByteView message) const;
  /// X25519 of the other key and the scalar that signs (RFC 8032 section 5.1.5, steps 1 and 2).
  /// error corrupt: the other key is of small order.
  [[nodiscard]] Result<Secret> agree(const AgreementKey& other) const;
  /// A secret that only who has this key can make again. `purpose` keeps it from others; so does `salt`.
  [[nodiscard]] Result<Secret> derive(std::string_view purpose, ByteView salt) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// True if `signature` over `message` is `key`'s. Malformed keys, small-order keys and non-canonical S are
/// false.
bool verify_ed25519(const NodeId& key, ByteView message, const Signature& signature);

/// Overwrites a secret in a way the compiler keeps.
void wipe(MutableByteView secret);
/// The same, and empties it.
void wipe(std::string& secret);

/// "dcdn1" + 52 characters of base32 (a-z2-7) + 4 characters of checksum (the top 20 bits of
/// XXH3-64 of the 32 bytes): 61 characters, what dcdn-sign id prints.
std::string to_text(const NodeId& id);
/// That, or 64 hexadecimal digits; either case. error usage: names what is wrong (length, character,
/// checksum: mistyped).
Result<NodeId> parse_node_id(std::string_view text);
/// The first characters, for progress lines: "dcdn1abcdefgh".
std::string short_text(const NodeId& id);

}  // namespace dcdn::sign
