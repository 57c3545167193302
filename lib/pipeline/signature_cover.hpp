// signature_cover.hpp - which segments of chunk streams are covered by the signatures that came.
//
// Pure: it is told of segments and signatures in any order and answers which segments are covered from now
// on. It keeps no frames. What waits, in which order it goes on and what becomes of a stranger's signature
// are rules of its users: SegmentGate (a session), StreamVerifier (dcdn-sign verify), sink::Unpacker
// (dcdn-recv --stdin).
#pragma once
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "pipeline/recent_digests.hpp"
#include "wire/manifest.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::pipeline {

/// Where a segment belongs. A signature says so as well as the segment, and both must say the same.
struct SegmentPlace {
  std::uint64_t index = 0;
  Digest stream;  ///< id of segment 0, also for segment 0 itself
  bool operator==(const SegmentPlace&) const = default;
};
SegmentPlace place_of(const wire::SegmentHead& segment, const Digest& id);
inline SegmentPlace place_of(const wire::SegmentSignature& signature) {
  return {signature.index, signature.stream};
}
/// For messages: "segment 3 of object 0a1b2c3d4e5f".
std::string segment_text(const SegmentPlace& place);
/// The first bytes of a digest in hex, for messages.
std::string short_hex(const Digest& digest);
/// error limit: of `what` there are more than are remembered.
Error too_many(const std::string& what);

struct CoverRules {
  using Accepts = std::function<bool(const NodeId&)>;
  static Accepts one_of(std::set<NodeId> keys);
  Accepts accepts;           ///< asked anew for every signature; empty: nobody is accepted
  std::size_t required = 1;  ///< how many different keys must have signed
  /// A segment names the one before by digest, so that a signature counts for all before it (dcdn-format(5)).
  bool chain = true;
  bool unsigned_is_fine = false;  ///< every segment is covered when it comes
  std::size_t most_waiting = 0;   ///< segments that are here and not covered; the caller holds their frames
  std::size_t most_ahead = 0;     ///< segments that a signature counts for and that have not come
  std::size_t remembered = 0;     ///< covered segments to be known again; 0: one that comes again waits again
};

class SignatureCover {
 public:
  explicit SignatureCover(CoverRules rules) : rules_(std::move(rules)), covered_(rules_.remembered) {}

  /// Others are accepted from now on. What is not covered yet will not be by what a key signed before that is
  /// no longer accepted; what is covered stays so.
  void set_accepts(CoverRules::Accepts accepts);

  /// Ids of segments that are covered from now on, those of a chain from its end to its beginning.
  using Covered = std::vector<Digest>;
  /// A segment came. One that waits or is remembered changes nothing. error bad_signature: signatures of a
  /// later segment say that it belongs elsewhere; limit: too much waits.
  Result<Covered> add_segment(const Digest& id, const wire::SegmentHead& segment);

  enum class About {
    waiting,    ///< a segment that is here and not covered
    elsewhere,  ///< such a segment, which says that it belongs in another place than the signature says
    covered,    ///< a segment that is remembered
    unknown,    ///< one that has not come, or was forgotten
  };
  struct Standing {
    bool accepted = false;  ///< its signer is
    About about = About::unknown;
  };
  /// What a signature would count for if it is good. Verifies nothing, changes nothing.
  [[nodiscard]] Standing standing_of(const wire::SegmentSignature& signature) const;
  /// A signature came. A stranger's, and one of what is covered, changes nothing and is not verified.
  /// `checked`: it is known to be good. error bad_signature: it is not, or about another place; limit: too
  /// many came ahead.
  Result<Covered> add_signature(const wire::SegmentSignature& signature, bool checked = false);

  [[nodiscard]] std::size_t required() const { return rules_.required; }
  [[nodiscard]] bool is_covered(const Digest& id) const { return covered_.contains(id); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  /// Who signed a waiting segment or a later one; not more than are accepted.
  [[nodiscard]] std::set<NodeId> signers_of(const Digest& id) const;
  /// Places of the segments that a signature counts for and that have not come.
  [[nodiscard]] std::vector<SegmentPlace> ahead() const;

 private:
  struct Ahead {
    SegmentPlace place;
    std::set<NodeId> signers;
  };
  struct Waiting {
    SegmentPlace place;
    Digest previous;
    std::set<NodeId> signers;  // of it or of a later one
  };
  [[nodiscard]] bool accepts(const NodeId& signer) const { return rules_.accepts && rules_.accepts(signer); }
  Result<void> expect(const Digest& id, const SegmentPlace& place, const std::set<NodeId>& signers);
  Result<Covered> vouch(const Digest& id, const std::set<NodeId>& signers);
  Covered cover(const Digest& id);

  CoverRules rules_;
  std::unordered_map<Digest, Waiting, Name32Hash> waiting_;
  std::unordered_map<Digest, Ahead, Name32Hash> ahead_;
  RecentDigests covered_;
};

}  // namespace dcdn::pipeline
