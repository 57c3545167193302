// manifest_window.hpp - the segments of an incoming object that are not finished yet, for sinks that cannot
// seek.
#pragma once
#include <deque>
#include <unordered_map>
#include <vector>

#include "message/session_message.hpp"
#include "store/promise_ledger.hpp"
#include "store/segment_need.hpp"
#include "wire/manifest.hpp"

namespace dcdn::sink {

/// Pure. Follows the chain, knows which chunks are still missing, and forgets a segment when the owner says
/// it is done. Holds at most kMostOpenBytes of segments.
class ManifestWindow {
 public:
  /// As they are in memory. A sender of ours is at most half a million records ahead, of some 112 bytes and
  /// their names.
  static constexpr std::size_t kMostOpenBytes = std::size_t{128} << 20;

  /// promise: asked before a segment is kept; null: nobody.
  explicit ManifestWindow(std::shared_ptr<store::ObjectPromise> promise) : promise_(std::move(promise)) {}
  struct Open {
    wire::Segment segment;
    Digest id;
    std::vector<wire::ChunkRecord> chunks;
    std::vector<bool> here;  ///< by ChunkRecord
    std::size_t missing = 0;
    std::size_t cost = 0;  ///< bytes of memory, about
  };

  /// A segment seen before (open or done) is fine: its need comes from what is here. error corrupt: another
  /// chain; limit: as ObjectPromise, or too much is open.
  Result<store::SegmentNeed> add(const wire::Segment& segment, const Digest& id, std::size_t frame_bytes);
  [[nodiscard]] std::optional<wire::ChunkRecord> wanted(const Digest& carried) const;
  /// Where a chunk belongs: open()[segment], its chunk-th ChunkRecord.
  struct Place {
    std::size_t segment = 0;
    std::size_t chunk = 0;
  };
  /// The first place where this digest is missing; its record is that of wanted().
  [[nodiscard]] std::optional<Place> find(const Digest& carried) const;
  /// Marks the first place where this digest is missing; nullopt if there is none.
  std::optional<Place> mark(const Digest& carried);
  [[nodiscard]] const std::deque<Open>& open() const { return open_; }
  /// The first open segment is done with.
  void pop();
  [[nodiscard]] std::uint64_t segments_done() const { return done_; }
  [[nodiscard]] const Digest& last_done() const { return last_done_; }
  [[nodiscard]] const std::vector<message::ChunkPlanStep>& plan() const { return plan_; }
  [[nodiscard]] bool finished() const { return checker_.finished() && open_.empty(); }
  [[nodiscard]] const wire::ManifestChecker& checker() const { return checker_; }

 private:
  std::shared_ptr<store::ObjectPromise> promise_;
  wire::ManifestChecker checker_;
  std::deque<Open> open_;
  struct Missing {
    wire::ChunkRecord record;  // at the first place
    std::size_t places = 0;
  };
  std::unordered_map<Digest, Missing, Name32Hash> missing_;  // by carried digest
  std::size_t open_bytes_ = 0;
  std::uint64_t done_ = 0;
  Digest last_done_;
  std::vector<message::ChunkPlanStep> plan_;
};

}  // namespace dcdn::sink
