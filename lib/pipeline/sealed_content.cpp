#include "pipeline/sealed_content.hpp"

#include <algorithm>
#include <set>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "digest/hasher.hpp"

namespace dcdn::pipeline {

namespace {

using sign::Secret;

constexpr std::string_view kMagic = "dcdn encrypted 1\n";
constexpr std::size_t kVersionAt = kMagic.size() - 2;  // what comes before it is the same in every version
constexpr std::string_view kContentPurpose = "dcdn encrypted content 1\n";
constexpr std::string_view kEphemeralPurpose = "dcdn encrypted ephemeral 1\n";
constexpr std::string_view kKeyPurpose = "dcdn encrypted key 1\n";
constexpr std::string_view kCommitmentPurpose = "dcdn encrypted commitment 1\n";
constexpr std::string_view kPayloadPurpose = "dcdn encrypted payload 1\n";
constexpr std::string_view kSaltPurpose = "dcdn encrypted salt 1\n";
constexpr std::string_view kPiecePurpose = "dcdn encrypted piece 1\n";

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kWordBytes = 4;
constexpr std::size_t kWrapBytes = sign::kSecretBytes + sign::kTagBytes;
constexpr std::size_t kPieceOverhead = kWordBytes + kSaltBytes + sign::kTagBytes;
constexpr std::uint32_t kLastBit = 1u << 31;
static_assert(kSealedFixedBytes == kMagic.size() + 1 + 32 + 32);

template <std::unsigned_integral T>
Bytes little_endian(T value) {
  Bytes bytes;
  ByteWriter(bytes).fixed(value);
  return bytes;
}

sign::Nonce nonce_of(std::uint64_t number) {
  sign::Nonce nonce{};
  for (std::size_t i = 0; i < sizeof number; ++i) nonce[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return nonce;
}

Result<Secret> derive(ByteView salt, const Secret& secret, std::string_view purpose) {
  DCDN_TRY(const Secret extracted, sign::extract(salt, secret.view()));
  return sign::expand(extracted, {as_bytes(purpose)});
}

/// What the content key is sealed with for one recipient.
Result<Secret> wrap_key(const Secret& shared, const sign::AgreementKey& ephemeral,
                        const sign::AgreementKey& recipient) {
  Bytes both(ephemeral.bytes.begin(), ephemeral.bytes.end());
  both.insert(both.end(), recipient.bytes.begin(), recipient.bytes.end());
  return derive(both, shared, kKeyPurpose);
}

Result<Secret> piece_key(const Secret& payload_key, ByteView salt) {
  return sign::expand(payload_key, {as_bytes(kPiecePurpose), salt});
}

Error altered(std::uint64_t piece) {
  return {Errc::corrupt, "piece " + std::to_string(piece) + " of the encrypted content was altered"};
}

}  // namespace

bool looks_sealed(ByteView first_bytes) {
  return first_bytes.size() >= kMagic.size() && as_text(first_bytes.first(kMagic.size())) == kMagic;
}

Result<ContentSealer> ContentSealer::make(const std::vector<NodeId>& recipients, const Secret& secret) {
  const std::set<NodeId> each(recipients.begin(), recipients.end());
  if (each.empty()) return Error(Errc::usage, "nobody to encrypt to");
  if (each.size() > kMaxRecipients)
    return Error(Errc::usage, "more than " + std::to_string(kMaxRecipients) + " keys to encrypt to");
  DCDN_TRY(const Secret content, derive({}, secret, kContentPurpose));
  DCDN_TRY(const Secret scalar, derive({}, secret, kEphemeralPurpose));
  DCDN_TRY(const Secret commitment, derive({}, content, kCommitmentPurpose));
  const sign::AgreementKey ephemeral = sign::public_of_scalar(scalar);
  ContentSealer sealer;
  ByteWriter out(sealer.header_);
  out.raw(as_bytes(kMagic));
  out.fixed(static_cast<std::uint8_t>(each.size()));
  out.raw(ephemeral.view());
  out.raw(commitment.view());
  for (const NodeId& recipient : each) {
    DCDN_TRY(const sign::AgreementKey theirs, sign::agreement_key(recipient));
    DCDN_TRY(const Secret shared, sign::agree_with_scalar(scalar, theirs));
    DCDN_TRY(const Secret key, wrap_key(shared, ephemeral, theirs));
    std::array<std::uint8_t, kWrapBytes> wrap{};
    DCDN_CHECK(sign::seal(key, {}, {}, content.view(), wrap));
    out.raw(wrap);
  }
  const Digest bound = digest::blake3(sealer.header_);
  DCDN_TRY(sealer.payload_key_, derive(bound.view(), content, kPayloadPurpose));
  DCDN_TRY(sealer.salt_key_, derive(bound.view(), content, kSaltPurpose));
  return sealer;
}

Result<void> ContentSealer::seal(ByteView plain, bool last, Bytes& out) {
  const auto word = little_endian(static_cast<std::uint32_t>(plain.size()) | (last ? kLastBit : 0));
  const Digest digest = digest::blake3(plain);
  // Other bytes in the same place get another salt and with it another key, also under the same secret.
  DCDN_TRY(const Secret salt_source,
           sign::expand(salt_key_, {little_endian(next_), ByteView(word), digest.view()}));
  const ByteView salt = salt_source.view().first(kSaltBytes);
  DCDN_TRY(const Secret key, piece_key(payload_key_, salt));
  ByteWriter writer(out);
  writer.raw(word);
  writer.raw(salt);
  const std::size_t at = out.size();
  out.resize(at + plain.size() + sign::kTagBytes);
  DCDN_CHECK(sign::seal(key, nonce_of(next_), word, plain, MutableByteView(out).subspan(at)));
  ++next_;
  return {};
}

Result<void> ContentOpener::push(ByteView bytes, const Put& put) {
  drop_used();
  held_.insert(held_.end(), bytes.begin(), bytes.end());
  for (;;) {
    DCDN_TRY(const bool more, step(put));
    if (!more) return {};
  }
}

void ContentOpener::drop_used() {
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
}

/// False: more input is needed.
Result<bool> ContentOpener::step(const Put& put) {
  if (state_ == State::pieces) return read_piece(put);
  return here().empty() ? Result<bool>(false) : read_header();
}

Result<bool> ContentOpener::read_header() {
  const ByteView in = here();
  const std::size_t known = std::min(in.size(), kVersionAt);
  if (as_text(in.first(known)) != kMagic.substr(0, known))
    return state_ == State::ended
               ? Error(Errc::corrupt, "something follows the end of the encrypted content")
               : Error(Errc::corrupt, "not encrypted content").with_hint("dcdn-sign encrypt makes it");
  if (in.size() < kSealedFixedBytes) return false;
  if (!looks_sealed(in)) return Error(Errc::unsupported, "encrypted in a form of a later version");
  const std::size_t size = kSealedFixedBytes + in[kMagic.size()] * kWrapBytes;
  if (in.size() < size) return false;
  DCDN_CHECK(open_header(in.first(size)));
  used_ += size;
  state_ = State::pieces;
  next_ = 0;
  return true;
}

Result<void> ContentOpener::open_header(ByteView header) {
  ByteReader in(header.subspan(kMagic.size() + 1));
  const auto ephemeral = in.name32<sign::AgreementKey>();
  const ByteView stated = in.raw(sign::kSecretBytes);
  DCDN_TRY(const Secret content, content_key(ephemeral, in.raw(in.left())));
  DCDN_TRY(const Secret commitment, derive({}, content, kCommitmentPurpose));
  if (!std::ranges::equal(commitment.view(), stated))
    return Error(Errc::corrupt, "the header of the encrypted content holds several keys");
  DCDN_TRY(payload_key_, derive(digest::blake3(header).view(), content, kPayloadPurpose));
  return {};
}

Result<Secret> ContentOpener::content_key(const sign::AgreementKey& ephemeral, ByteView wraps) const {
  for (const sign::SecretKey& mine : keys_) {
    DCDN_TRY(const Secret shared, mine.agree(ephemeral));
    DCDN_TRY(const sign::AgreementKey me, sign::agreement_key(mine.id()));
    DCDN_TRY(const Secret key, wrap_key(shared, ephemeral, me));
    for (std::size_t at = 0; at < wraps.size(); at += kWrapBytes) {
      Secret content;
      if (sign::unseal(key, {}, {}, wraps.subspan(at, kWrapBytes), content.writable())) return content;
    }
  }
  const std::string count = std::to_string(wraps.size() / kWrapBytes);
  return Error(Errc::untrusted, "encrypted to " + count + (count == "1" ? " key" : " keys") +
                                    ", and no key here is one of them");
}

Result<bool> ContentOpener::read_piece(const Put& put) {
  const ByteView in = here();
  if (in.size() < kWordBytes) return false;
  const ByteView word = in.first(kWordBytes);
  const auto stated = ByteReader(word).fixed<std::uint32_t>();
  const bool last = (stated & kLastBit) != 0;
  const std::size_t size = stated & ~kLastBit;
  if (size > kMaxSealedPiece || (size == 0 && !last)) return altered(next_);
  if (in.size() < size + kPieceOverhead) return false;
  const ByteView salt = in.subspan(kWordBytes, kSaltBytes);
  DCDN_TRY(const Secret key, piece_key(payload_key_, salt));
  plain_.resize(size);
  const ByteView sealed = in.subspan(kWordBytes + kSaltBytes, size + sign::kTagBytes);
  if (!sign::unseal(key, nonce_of(next_), word, sealed, plain_)) return altered(next_);
  DCDN_CHECK(put(plain_));
  used_ += size + kPieceOverhead;
  ++next_;
  if (last) state_ = State::ended;
  return true;
}

Result<void> ContentOpener::finish() const {
  if (state_ == State::ended && here().empty()) return {};
  if (state_ == State::header && held_.empty()) return Error(Errc::incomplete, "there is nothing to decrypt");
  return Error(Errc::incomplete, "the end of the encrypted content is missing");
}

}  // namespace dcdn::pipeline
