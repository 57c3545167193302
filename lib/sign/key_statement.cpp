#include "sign/key_statement.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace dcdn::sign {

namespace {

Bytes message_of(const KeyRotation& r) {
  Bytes message;
  ByteWriter out(message);
  out.raw(as_bytes("dcdn rotation 1\n"));
  out.raw(r.old_key.view());
  out.raw(r.new_key.view());
  out.fixed(r.epoch);
  out.fixed(r.time_s);
  return message;
}

Bytes message_of(const KeyRevocation& r) {
  Bytes message;
  ByteWriter out(message);
  out.raw(as_bytes("dcdn revocation 1\n"));
  out.raw(r.key.view());
  out.fixed(r.time_s);
  return message;
}

void take_signature(ByteReader& in, Signature& signature) {
  const ByteView bytes = in.raw(signature.size());
  if (in.ok()) std::copy(bytes.begin(), bytes.end(), signature.begin());
}

Error altered(const std::string& what) {
  return {Errc::bad_signature, what + ": its signature does not match: it was altered"};
}

}  // namespace

Result<KeyRotation> make_rotation(const SecretKey& old_key, const SecretKey& new_key, std::uint64_t epoch,
                                  std::uint64_t time_s) {
  KeyRotation r{old_key.id(), new_key.id(), epoch, time_s, {}, {}};
  const Bytes message = message_of(r);
  DCDN_TRY(r.by_old, old_key.sign(message));
  DCDN_TRY(r.by_new, new_key.sign(message));
  return r;
}

Result<KeyRevocation> make_revocation(const SecretKey& key, std::uint64_t time_s) {
  KeyRevocation r{key.id(), time_s, {}};
  DCDN_TRY(r.by_key, key.sign(message_of(r)));
  return r;
}

Result<void> verify(const KeyStatement& statement) {
  if (const auto* rotation = std::get_if<KeyRotation>(&statement)) {
    const Bytes message = message_of(*rotation);
    if (verify_ed25519(rotation->old_key, message, rotation->by_old) &&
        verify_ed25519(rotation->new_key, message, rotation->by_new))
      return {};
    return altered("rotation of the key " + to_text(rotation->old_key));
  }
  const auto& revocation = std::get<KeyRevocation>(statement);
  if (verify_ed25519(revocation.key, message_of(revocation), revocation.by_key)) return {};
  return altered("revocation of the key " + to_text(revocation.key));
}

Bytes encode(const KeyStatement& statement) {
  Bytes body;
  ByteWriter out(body);
  if (const auto* rotation = std::get_if<KeyRotation>(&statement)) {
    out.raw(rotation->old_key.view());
    out.raw(rotation->new_key.view());
    out.fixed(rotation->epoch);
    out.fixed(rotation->time_s);
    out.raw(rotation->by_old);
    out.raw(rotation->by_new);
    return body;
  }
  const auto& revocation = std::get<KeyRevocation>(statement);
  out.raw(revocation.key.view());
  out.fixed(revocation.time_s);
  out.raw(revocation.by_key);
  return body;
}

Result<KeyRotation> parse_rotation(ByteView body) {
  ByteReader in(body);
  KeyRotation r;
  r.old_key = in.name32<NodeId>();
  r.new_key = in.name32<NodeId>();
  r.epoch = in.fixed<std::uint64_t>();
  r.time_s = in.fixed<std::uint64_t>();
  take_signature(in, r.by_old);
  take_signature(in, r.by_new);
  if (!in.finished()) return Error(Errc::corrupt, "key rotation: wrong length");
  if (r.epoch == 0) return Error(Errc::corrupt, "key rotation: epoch 0 is that of a first key");
  if (r.old_key == r.new_key) return Error(Errc::corrupt, "key rotation: a key cannot follow itself");
  return r;
}

Result<KeyRevocation> parse_revocation(ByteView body) {
  ByteReader in(body);
  KeyRevocation r;
  r.key = in.name32<NodeId>();
  r.time_s = in.fixed<std::uint64_t>();
  take_signature(in, r.by_key);
  if (!in.finished()) return Error(Errc::corrupt, "key revocation: wrong length");
  return r;
}

}  // namespace dcdn::sign
