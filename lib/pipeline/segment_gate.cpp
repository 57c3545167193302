#include "pipeline/segment_gate.hpp"

#include "wire/signed_frames.hpp"

namespace dcdn::pipeline {

namespace {
constexpr int kMaxSignatures = 64;  // of strangers, before one that is accepted here

bool may_sign(const NodeId& signer, const NodeId& peer, const sign::Keyring& trusted) {
  const auto now = trusted.current(signer);
  if (!now || *now != signer) return false;
  if (trusted.allows(signer, sign::kScopeSend)) return true;
  // A peer that the keyring does not know was let in by name; one that it knows may do what its scopes say.
  return signer == peer && !trusted.trusts(signer);
}

}  // namespace

// The keyring is asked anew for every segment: a key may have been revoked or replaced since the last one.
SegmentGate::SegmentGate(NodeId peer, const sign::Keyring& trusted)
    : peer_(peer),
      trusted_(trusted),
      cover_({.accepts = [peer, &trusted](const NodeId& signer) { return may_sign(signer, peer, trusted); },
              .chain = false,
              .most_waiting = 1}) {}

Result<std::optional<SegmentGate::Passed>> SegmentGate::take(const wire::Frame& frame, Micros now) {
  if (frame.type == wire::FrameType::segment) {
    if (waiting_)
      return Error(Errc::untrusted, "a manifest segment carries no signature by a key that is trusted here");
    DCDN_TRY(const wire::SegmentHead head, wire::parse_head(frame.body.view()));
    Waiting waiting{wire::segment_id(frame.body.view()), frame.body.size(), {}};
    wire::append_frame(waiting.frames, frame.type, frame.body.view());
    DCDN_CHECK(cover_.add_segment(waiting.id, head));
    waiting_ = std::move(waiting);
    signatures_ = 0;
    since_ = now;
    return std::optional<Passed>();
  }
  DCDN_TRY(const auto signature, wire::parse_segment_signature(frame.body.view()));
  if (!waiting_) return std::optional<Passed>();  // a further signature on a segment that already passed
  const auto standing = cover_.standing_of(signature);
  if (standing.about != SignatureCover::About::waiting)
    return Error(Errc::bad_signature, "a signature is for another manifest segment");
  if (++signatures_ > kMaxSignatures)
    return Error(Errc::limit, "a manifest segment carries too many signatures");
  wire::append_frame(waiting_->frames, frame.type, frame.body.view());
  // A sender's own signature is the last that it adds: nothing better will come.
  if (!standing.accepted && signature.signer == peer_) return refused();
  if (!standing.accepted) return std::optional<Passed>();  // another signature may follow
  DCDN_CHECK(cover_.add_signature(signature));
  return pass();
}

// Only now are its records read, which may have to be unpacked.
Result<std::optional<SegmentGate::Passed>> SegmentGate::pass() {
  Waiting waiting = *std::exchange(waiting_, std::nullopt);
  const ByteView body = ByteView(waiting.frames).subspan(wire::kHeaderBytes, waiting.body_bytes);
  DCDN_TRY(wire::Segment segment, wire::parse_segment(body));
  return std::optional(Passed{std::move(segment), waiting.id, std::move(waiting.frames)});
}

Result<void> SegmentGate::check(Micros now) const {
  if (!waiting_ || now - since_ < kSignatureWait) return {};
  return Error(Errc::untrusted, "a manifest segment came and no signature after it");
}

Error SegmentGate::refused() const {
  if (const auto now = trusted_.current(peer_); !now) return now.error();
  return {Errc::untrusted,
          "the key " + sign::to_text(peer_) + " may bring here only what others have signed"};
}

}  // namespace dcdn::pipeline
