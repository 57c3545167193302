// stream_verifier.hpp - which frames of a chunk stream an accepted signature covers (dcdn-sign(1), verify).
//
// Pure: frames in, released frames out. A frame waits until a signature covers it, its own or, through the
// chain, that of a later segment; what one signature releases comes out in the order it came in. What waits
// and what is remembered is bounded.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pipeline/recent_digests.hpp"
#include "pipeline/signature_cover.hpp"
#include "wire/frame.hpp"

namespace dcdn::pipeline {

class StreamVerifier {
 public:
  static constexpr std::size_t kFrameUpkeep =
      256;  ///< counted for each waiting frame besides its body, bytes
  static constexpr std::size_t kMaxStreams = 65536;  ///< objects in one input
  static constexpr std::size_t kMaxAhead =
      65536;  ///< segments signed before they came, or beyond a missing one
  static constexpr std::size_t kMaxExpected = 1u << 20;  ///< chunks listed and not here yet
  static constexpr std::size_t kRememberChunks =
      1u << 17;  ///< twice the window of ObjectHeader::repeats_omitted
  static constexpr std::size_t kRememberSegments = 65536;

  struct Counts {
    std::uint64_t objects = 0;  ///< whole ones, counted by finish()
    std::uint64_t segments = 0;
    std::uint64_t chunks = 0;
    std::uint64_t dropped = 0;  ///< kinds that no signature covers, signatures by others
  };

  /// hold_bytes: how much may wait. required: how many of the accepted keys must have signed.
  StreamVerifier(std::set<NodeId> accepted, std::uint64_t hold_bytes, std::size_t required = 1);

  /// From now on these are accepted. What waits for a signature is not released by one that another key has
  /// made before.
  void set_accepted(std::set<NodeId> accepted);
  /// Takes the next frame; appends what it releases to `out`. Not to be called again after an error.
  /// `checked`: it is a signature frame whose signature is known to be good. error corrupt, bad_signature:
  /// this frame is bad; limit, untrusted: too much waits.
  Result<void> take(wire::Frame frame, std::vector<wire::Frame>& out, bool checked = false);
  /// A frame that proves itself and is no part of an object.
  void pass(wire::Frame frame, std::vector<wire::Frame>& out) { out.push_back(std::move(frame)); }
  /// The input has ended. error untrusted: something was never signed by an accepted key; incomplete:
  /// something signed never came.
  Result<void> finish();

  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Whose signatures came.
  [[nodiscard]] const std::set<NodeId>& signers() const { return signers_; }

 private:
  using Place = std::uint64_t;  // of a frame in the input
  struct HeldSegment {
    std::vector<Place> frames;  // its own, then its signatures
    SegmentPlace place;
    std::optional<NodeId> stranger;  // made a good signature but is not accepted
  };
  struct Stream {
    std::uint64_t next = 0;             // segments below are released
    std::set<std::uint64_t> ahead;      // released beyond a gap
    std::optional<std::uint64_t> last;  // index of the final segment
    [[nodiscard]] bool has(std::uint64_t index) const { return index < next || ahead.contains(index); }
    [[nodiscard]] bool whole() const { return last && next > *last; }
  };

  Result<void> take_chunk(wire::Frame frame, std::vector<wire::Frame>& out);
  Result<void> take_segment(wire::Frame frame, std::vector<wire::Frame>& out);
  Result<void> take_signature(wire::Frame frame, std::vector<wire::Frame>& out, bool checked);
  Result<Place> hold(wire::Frame frame);
  void let_go(std::vector<Place>& places, std::vector<wire::Frame>& out);
  Result<void> release(const SignatureCover::Covered& covered, std::vector<wire::Frame>& out);
  Result<void> release_one(const Digest& id, std::vector<Place>& places);
  Result<void> note_segment(const Digest& stream, const wire::Segment& segment);
  Result<void> note_chunk(const Digest& digest, std::vector<Place>& places);
  [[nodiscard]] bool is_released(const SegmentPlace& place) const;
  [[nodiscard]] Error unsigned_error(bool at_end) const;
  Result<void> check_streams();

  std::uint64_t hold_bytes_;
  SignatureCover cover_;
  std::uint64_t held_bytes_ = 0;
  Place next_place_ = 0;
  std::map<Place, wire::Frame> held_;
  std::unordered_map<Digest, std::vector<Place>, Name32Hash> held_chunks_;
  std::unordered_map<Digest, HeldSegment, Name32Hash> held_segments_;  // those that are not covered
  std::unordered_set<Digest, Name32Hash> expected_;  // listed by a released segment, not here yet
  RecentDigests arrived_{kRememberChunks};
  std::unordered_map<Digest, Stream, Name32Hash> streams_;
  std::size_t ahead_ = 0;  // over all streams
  std::set<NodeId> signers_;
  Counts counts_;
};

}  // namespace dcdn::pipeline
