// signed_frames.hpp - signatures over segments, and delivery receipts (dcdn-format(5), SIGNATURE and
// RECEIPT).
//
// Both sign a message that starts with its purpose, so that neither can pass for the other or for anything
// else:
//   "dcdn signature 1\n" stream(32) index(u64) segment id(32) time(u64)
//   "dcdn receipt 1\n"   object id(32) bytes(u64) sender key(32) time(u64)
#pragma once
#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::wire {

struct SegmentSignature {
  NodeId signer;
  Digest stream;  ///< id of segment 0 (also when it is segment 0 that is signed)
  std::uint64_t index = 0;
  Digest segment;            ///< segment_id of what is signed
  std::uint64_t time_s = 0;  ///< signer's clock, seconds since 1970; shown, never trusted
  sign::Signature signature{};
  bool operator==(const SegmentSignature&) const = default;
};
struct Receipt {
  NodeId receiver;
  NodeId sender;
  Digest object;            ///< id of the final segment
  std::uint64_t bytes = 0;  ///< content bytes delivered
  std::uint64_t time_s = 0;
  sign::Signature signature{};
  bool operator==(const Receipt&) const = default;
};

Result<SegmentSignature> sign_segment(const sign::SecretKey& key, const Digest& stream, std::uint64_t index,
                                      const Digest& segment, std::uint64_t time_s);
/// error bad_signature: the signature does not fit its own fields. Whether the signer is trusted is the
/// caller's.
Result<void> verify_segment_signature(const SegmentSignature& signature);
Result<Receipt> sign_receipt(const sign::SecretKey& key, const NodeId& sender, const Digest& object,
                             std::uint64_t bytes, std::uint64_t time_s);
Result<void> verify_receipt(const Receipt& receipt);

Bytes encode(const SegmentSignature& signature);  ///< frame body
Bytes encode(const Receipt& receipt);             ///< frame body
Result<SegmentSignature> parse_segment_signature(ByteView body);
Result<Receipt> parse_receipt(ByteView body);

}  // namespace dcdn::wire
