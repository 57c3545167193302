// object_transfer.hpp - how far one object has come towards one destination. Outlives connections.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "session/difference_sender.hpp"
#include "session/feed_hub.hpp"
#include "session/passed_segments.hpp"
#include "session/remaking.hpp"
#include "session/send_shared.hpp"
#include "source/chunk_sizer.hpp"
#include "source/packed_segment.hpp"

namespace dcdn::session {

/// Sent of an object before its receiver has answered, at most: it may be there already, and what nobody
/// waits for takes up the connection's window at the receiver.
inline constexpr std::size_t kMostEarlyBytes = 1u << 20;
/// Every receiver that takes content early takes chunks of that size.
inline constexpr std::uint32_t kEarlyLargestChunk = 256u << 10;

enum class TransferPhase { waiting, offered, running, done, failed };

/// What the wire still owes the receiver. Pure bookkeeping over a Feed: knows no connection.
class ObjectTransfer {
 public:
  ObjectTransfer(SendShared& shared, FeedHub& hub, const SendObject& object, Feed::Wake wake);
  ~ObjectTransfer();
  ObjectTransfer(const ObjectTransfer&) = delete;
  ObjectTransfer& operator=(const ObjectTransfer&) = delete;

  [[nodiscard]] const SendObject& object() const { return object_; }
  [[nodiscard]] TransferPhase phase() const { return phase_; }
  [[nodiscard]] bool over() const { return phase_ == TransferPhase::done || phase_ == TransferPhase::failed; }
  [[nodiscard]] std::uint64_t bytes_done() const { return tally_.done; }
  /// Of these, what the receiver did not have when it answered first.
  [[nodiscard]] std::uint64_t bytes_gained() const {
    return tally_.done - std::min(tally_.done, tally_.at_first.value_or(0));
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  /// There is an index of it: its receiver will hardly have nothing.
  [[nodiscard]] bool was_sent_before() const { return hub_.has_index(object_); }
  void offered() { phase_ = TransferPhase::offered; }
  /// Goes on as if the receiver had answered that it has nothing, for up to kMostEarlyBytes: answered() will
  /// tell.
  void begin_early(const pace::PathMeasure& path);
  /// An answer is due.
  [[nodiscard]] bool awaits_answer() const { return phase_ == TransferPhase::offered || early_sent_; }
  /// The connection is gone: what was queued is forgotten, what was confirmed stays.
  void disconnected();
  /// The receiver's answer: chooses where to go on. error incomplete: it needs what a pipe cannot give twice.
  Result<void> answered(const message::Answer& answer, const pace::PathMeasure& path,
                        std::uint32_t largest_chunk);
  /// Frames of segments that are due now, to be written to the object's stream; fills the chunk queue.
  /// error: packing failed (changed, permission, ...).
  Result<std::vector<Buffer>> due_segments();
  /// Chunks that were to be made again cannot be: what was sent is void, and the object has to be offered on
  /// another connection, to be read whole. Told once.
  std::optional<Error> take_begin_again() { return std::exchange(passing_.begin_again, std::nullopt); }
  Result<void> wanted(const message::Want& want);
  /// What the receiver tells of older files.
  Result<void> told(const message::BasisPiece& piece) { return differences_.take(piece); }
  Result<void> told(const message::Compare& compare);
  Result<void> stored(const message::Stored& stored);
  /// Checks it against what was sent and who received it. False: not everything was sent yet, ask again
  /// later.
  Result<bool> received(const wire::Receipt& receipt, const NodeId& receiver);
  void fail(Error error);
  /// This destination keeps the others waiting: go on alone later. error incomplete: a pipe cannot be read
  /// again.
  Result<void> leave_shared_feed();

  [[nodiscard]] bool has_chunk() const {
    return !queue_.empty() && early_sent_.value_or(0) < kMostEarlyBytes;
  }
  [[nodiscard]] const QueuedChunk& next_chunk() const { return queue_.front(); }
  void pop_chunk();
  /// It was given to a path that failed: it goes again, before the others.
  void requeue(const QueuedChunk& chunk);
  /// Bytes that wait to be sent, while more is to come at most so many; UINT64_MAX: nobody knows.
  [[nodiscard]] std::uint64_t backlog_bytes() const;
  void measure(const pace::PathMeasure& path);

 private:
  void confirmed(const message::Answer& answer, std::uint32_t largest_chunk);
  Result<void> restart();
  void use_feed(std::shared_ptr<Feed> feed);
  void drop_feed();
  [[nodiscard]] source::PackedSegmentPtr segment_at(std::uint64_t index) const;
  [[nodiscard]] bool is_of_answer(const source::PackedSegment& segment) const;
  void pass(const source::PackedSegmentPtr& segment);
  Result<void> leave_answer();
  void enqueue(const source::PackedSegmentPtr& segment);
  void queue(const source::PackedSegmentPtr& segment, const std::vector<bool>& needed);
  void give(const source::PackedSegmentPtr& segment, const std::vector<bool>& needed);
  void remade(Result<source::PackedSegmentPtr> segment, const std::vector<bool>& needed);
  Result<void> begin_again(const Error& why);
  void count_skipped(std::uint64_t segment, std::uint64_t content);
  void mark_sent();
  [[nodiscard]] bool has_nothing_to_send() const;

  SendShared& shared_;
  FeedHub& hub_;
  const SendObject& object_;
  Feed::Wake wake_;
  DifferenceSender differences_;
  Remaking remaking_;
  std::shared_ptr<Feed> feed_;
  PackingPlanPtr plan_;
  int subscriber_ = 0;

  TransferPhase phase_ = TransferPhase::waiting;
  message::Answer answer_;
  struct Route {
    pace::PathMeasure path;
    std::uint32_t largest_chunk = 0;
  } route_;
  std::uint64_t next_segment_ = 0;  // to be sent next
  struct Passing {
    std::uint64_t until = 0;  // segments before it are at the receiver, if its last id is ours too
    PassedSegments kept;      // of these, the ones before next_segment_, until that is known
    bool read_all = false;    // nothing is left out in the hope that nobody wants it
    std::optional<Error> begin_again;
  } passing_;
  std::map<std::uint64_t, source::PackedSegmentPtr> asked_;  // sent, its Want not yet here
  ChunkQueue queue_;
  std::optional<Digest> object_id_;  // once the final segment passed
  struct Tally {
    std::uint64_t done = 0;                 // content that the receiver has confirmed
    std::optional<std::uint64_t> at_first;  // when it answered for the first time
    std::uint64_t counted_until =
        0;                     // of segments before it is known what had to travel, whatever comes again
    std::uint64_t passed = 0;  // content of segments that seem to be there
  } tally_;
  std::optional<std::size_t> early_sent_;  // bytes, while it is running and not answered yet
  std::optional<Error> error_;
};

/// Of one destination, in the order in which they are offered.
using Transfers = std::vector<std::unique_ptr<ObjectTransfer>>;

}  // namespace dcdn::session
