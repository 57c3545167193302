// segment_gate.hpp - the frames of an object's stream to segments that an accepted key has signed.
#pragma once
#include <optional>

#include "dcdn/units.hpp"
#include "pipeline/signature_cover.hpp"
#include "sign/keyring.hpp"
#include "wire/frame.hpp"
#include "wire/manifest.hpp"

namespace dcdn::pipeline {

/// How long a segment may wait for its signature, which its sender sends directly after it.
inline constexpr Micros kSignatureWait = std::chrono::seconds(60);

/// Turns the frames of an object's stream into checked segments.
class SegmentGate {
 public:
  /// `trusted` outlives this.
  SegmentGate(NodeId peer, const sign::Keyring& trusted);
  struct Passed {
    wire::Segment segment;
    Digest id;
    Bytes frames;
  };
  /// A segment frame waits for a signature by the peer's own key or a trusted one: nothing unsigned goes
  /// further. Returns the segment that this frame completes, if any. error untrusted: the segment before
  /// carries no acceptable signature; bad_signature; corrupt.
  Result<std::optional<Passed>> take(const wire::Frame& frame, Micros now);
  /// A segment waits and nothing that signs it has come for so long that nothing will: without this, a sender
  /// that does not sign would be waited for as long as its connection lasts. error untrusted.
  [[nodiscard]] Result<void> check(Micros now) const;

 private:
  struct Waiting {
    Digest id;
    std::size_t body_bytes = 0;
    Bytes frames;  // its own, then the signatures seen for it
  };
  Result<std::optional<Passed>> pass();
  [[nodiscard]] Error refused() const;  ///< what the peer itself has signed

  NodeId peer_;
  const sign::Keyring& trusted_;
  SignatureCover cover_;
  std::optional<Waiting> waiting_;  // its one waiting segment
  Micros since_{0};
  int signatures_ = 0;
};

}  // namespace dcdn::pipeline
