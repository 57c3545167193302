#include "pipeline/segment_gate.hpp"

#include "wire/signed_frames.hpp"

namespace dcdn::pipeline {

namespace {
constexpr int kMaxSignatures = 64;  // of strangers, before one that is accepted here
}  // namespace

Result<std::optional<SegmentGate::Passed>> SegmentGate::take(const wire::Frame& frame, Micros now) {
  if (frame.type == wire::FrameType::segment) {
    if (waiting_)
      return Error(Errc::untrusted, "a manifest segment carries no signature by a key that is trusted here");
    DCDN_TRY(wire::Segment segment, wire::parse_segment(frame.body.view()));
    Passed passed{std::move(segment), wire::segment_id(frame.body.view()), {}};
    wire::append_frame(passed.frames, frame.type, frame.body.view());
    waiting_ = std::move(passed);
    signatures_ = 0;
    since_ = now;
    return std::optional<Passed>();
  }
  DCDN_TRY(const auto signature, wire::parse_segment_signature(frame.body.view()));
  if (!waiting_) return std::optional<Passed>();  // a further signature on a segment that already passed
  const Digest& stream = waiting_->segment.index == 0 ? waiting_->id : waiting_->segment.stream;
  if (signature.segment != waiting_->id || signature.index != waiting_->segment.index ||
      signature.stream != stream)
    return Error(Errc::bad_signature, "a signature is for another manifest segment");
  const bool accepted = accepts(signature.signer);
  if (++signatures_ > kMaxSignatures)
    return Error(Errc::limit, "a manifest segment carries too many signatures");
  wire::append_frame(waiting_->frames, frame.type, frame.body.view());
  // A sender's own signature is the last that it adds: nothing better will come.
  if (!accepted && signature.signer == peer_) return refused();
  if (!accepted) return std::optional<Passed>();  // another signature may follow
  DCDN_CHECK(wire::verify_segment_signature(signature));
  return std::exchange(waiting_, std::nullopt);
}

Result<void> SegmentGate::check(Micros now) const {
  if (!waiting_ || now - since_ < kSignatureWait) return {};
  return Error(Errc::untrusted, "a manifest segment came and no signature after it");
}

// Asked anew for every segment: the key may have been revoked or replaced since the last one.
bool SegmentGate::accepts(const NodeId& signer) const {
  const auto now = trusted_.current(signer);
  if (!now || *now != signer) return false;
  if (trusted_.allows(signer, sign::kScopeSend)) return true;
  // A peer that the keyring does not know was let in by name; one that it knows may do what its scopes say.
  return signer == peer_ && !trusted_.trusts(signer);
}

Error SegmentGate::refused() const {
  if (const auto now = trusted_.current(peer_); !now) return now.error();
  return {Errc::untrusted,
          "the key " + sign::to_text(peer_) + " may bring here only what others have signed"};
}

}  // namespace dcdn::pipeline
