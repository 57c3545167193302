// key_statement.hpp - what a key says about itself: who follows it, or that it is withdrawn (dcdn-format(5),
// KEY ROTATION and KEY REVOCATION).
//
// The messages start with their purpose, as those of segments and receipts do:
//   "dcdn rotation 1\n"   old key(32) new key(32) epoch(u64) time(u64)    signed by both
//   "dcdn revocation 1\n" key(32) time(u64)                               signed by it
// A statement proves itself, whoever brings it. Its time is shown and never compared.
#pragma once
#include <variant>

#include "sign/ed25519.hpp"

namespace dcdn::sign {

struct KeyRotation {
  NodeId old_key;
  NodeId new_key;
  std::uint64_t epoch = 0;   ///< of the new key; greater than that of the old one, whose first is 0
  std::uint64_t time_s = 0;  ///< by the owner's clock, since 1970
  Signature by_old{};
  Signature by_new{};
  bool operator==(const KeyRotation&) const = default;
};
struct KeyRevocation {
  NodeId key;
  std::uint64_t time_s = 0;
  Signature by_key{};
  bool operator==(const KeyRevocation&) const = default;
};
using KeyStatement = std::variant<KeyRotation, KeyRevocation>;

Result<KeyRotation> make_rotation(const SecretKey& old_key, const SecretKey& new_key, std::uint64_t epoch,
                                  std::uint64_t time_s);
Result<KeyRevocation> make_revocation(const SecretKey& key, std::uint64_t time_s);
/// error bad_signature: it was altered, or is not by whom it claims.
Result<void> verify(const KeyStatement& statement);

Bytes encode(const KeyStatement& statement);  ///< frame body
/// error corrupt: wrong length, epoch 0, or a key that follows itself. Signatures are verify()'s.
Result<KeyRotation> parse_rotation(ByteView body);
Result<KeyRevocation> parse_revocation(ByteView body);

}  // namespace dcdn::sign
