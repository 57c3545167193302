#include "wire/signed_frames.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "wire/manifest.hpp"

namespace dcdn::wire {

namespace {

Bytes signed_message(const SegmentSignature& s) {
  Bytes message;
  ByteWriter out(message);
  out.raw(as_bytes("dcdn signature 1\n"));
  out.raw(s.stream.view());
  out.fixed(s.index);
  out.raw(s.segment.view());
  out.fixed(s.time_s);
  return message;
}

Bytes signed_message(const Receipt& r) {
  Bytes message;
  ByteWriter out(message);
  out.raw(as_bytes("dcdn receipt 1\n"));
  out.raw(r.object.view());
  out.fixed(r.bytes);
  out.raw(r.sender.view());
  out.fixed(r.time_s);
  return message;
}

void take_signature(ByteReader& in, sign::Signature& signature) {
  const ByteView bytes = in.raw(signature.size());
  if (in.ok()) std::copy(bytes.begin(), bytes.end(), signature.begin());
}

}  // namespace

Result<SegmentSignature> sign_segment(const sign::SecretKey& key, const Digest& stream, std::uint64_t index,
                                      const Digest& segment, std::uint64_t time_s) {
  SegmentSignature s{key.id(), stream, index, segment, time_s, {}};
  DCDN_TRY(s.signature, key.sign(signed_message(s)));
  return s;
}

Result<void> verify_segment_signature(const SegmentSignature& signature) {
  if (sign::verify_ed25519(signature.signer, signed_message(signature), signature.signature)) return {};
  return Error(Errc::bad_signature, "the signature of a manifest segment does not match: it was altered");
}

Result<Receipt> sign_receipt(const sign::SecretKey& key, const NodeId& sender, const Digest& object,
                             std::uint64_t bytes, std::uint64_t time_s) {
  Receipt r{key.id(), sender, object, bytes, time_s, {}};
  DCDN_TRY(r.signature, key.sign(signed_message(r)));
  return r;
}

Result<void> verify_receipt(const Receipt& receipt) {
  if (sign::verify_ed25519(receipt.receiver, signed_message(receipt), receipt.signature)) return {};
  return Error(Errc::bad_signature, "the signature of a delivery receipt does not match: it was altered");
}

Bytes encode(const SegmentSignature& signature) {
  Bytes body;
  ByteWriter out(body);
  out.raw(signature.signer.view());
  out.raw(signature.stream.view());
  out.fixed(signature.index);
  out.raw(signature.segment.view());
  out.fixed(signature.time_s);
  out.raw(signature.signature);
  return body;
}

Bytes encode(const Receipt& receipt) {
  Bytes body;
  ByteWriter out(body);
  out.raw(receipt.receiver.view());
  out.raw(receipt.sender.view());
  out.raw(receipt.object.view());
  out.fixed(receipt.bytes);
  out.fixed(receipt.time_s);
  out.raw(receipt.signature);
  return body;
}

Result<SegmentSignature> parse_segment_signature(ByteView body) {
  ByteReader in(body);
  SegmentSignature s;
  s.signer = in.name32<NodeId>();
  s.stream = in.name32<Digest>();
  s.index = in.fixed<std::uint64_t>();
  s.segment = in.name32<Digest>();
  s.time_s = in.fixed<std::uint64_t>();
  take_signature(in, s.signature);
  if (!in.finished()) return Error(Errc::corrupt, "signature frame: wrong length");
  if (s.index == 0 && s.stream != s.segment)
    return Error(Errc::corrupt, "signature frame: segment 0 and its stream are not the same");
  return s;
}

Result<Receipt> parse_receipt(ByteView body) {
  ByteReader in(body);
  Receipt r;
  r.receiver = in.name32<NodeId>();
  r.sender = in.name32<NodeId>();
  r.object = in.name32<Digest>();
  r.bytes = in.fixed<std::uint64_t>();
  r.time_s = in.fixed<std::uint64_t>();
  take_signature(in, r.signature);
  if (!in.finished()) return Error(Errc::corrupt, "receipt frame: wrong length");
  if (r.bytes > kMaxObjectBytes) return Error(Errc::corrupt, "receipt frame: size over the limit");
  return r;
}

}  // namespace dcdn::wire
