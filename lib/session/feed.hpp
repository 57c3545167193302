// feed.hpp - the window between the thread that packs an object and the connections that send it.
//
// An object is read and hashed once, however many destinations it has: each destination is a subscriber with
// its own place, and a segment (with the bytes of its chunks) stays until every subscriber's receiver has
// stored it. That makes a lost connection cheap: what was not confirmed is still here, even for a pipe that
// cannot be read twice.
//
// Threads  push, finish and cancelled: the packing thread. Everything else: the loop thread.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "dcdn/result.hpp"
#include "source/packed_segment.hpp"

namespace dcdn::session {

/// How much all feeds of a process may hold together. One segment a feed is always allowed.
struct FeedBudget {
  explicit FeedBudget(std::size_t limit_bytes) : limit(limit_bytes) {}
  std::mutex mutex;
  std::condition_variable changed;
  const std::size_t limit;
  std::size_t held = 0;
};

class Feed {
 public:
  using Wake =
      std::function<void()>;  ///< called on the packing thread when there is something new: must only post

  explicit Feed(std::shared_ptr<FeedBudget> budget) : budget_(std::move(budget)) {}
  ~Feed();

  // The packing thread.
  /// Waits until there is room. False: nobody wants it any more, stop packing.
  bool push(source::PackedSegment segment);
  /// No more segments; `result` is how packing ended.
  void finish(Result<void> result);
  [[nodiscard]] bool cancelled() const;
  /// Before a segment is compressed for a link of which more is known the later that is: waits until what was
  /// pushed is on its way, or is so little that the next segment is needed by then.
  void wait_for_turn();

  // The loop thread.
  int subscribe(Wake wake);
  void unsubscribe(int subscriber);
  /// This subscriber's receiver has stored everything before segment `upto`. The final segment is held all
  /// the same until the last subscriber leaves: it can be repeated to a receiver that restarted before it
  /// answered with a receipt.
  void release(int subscriber, std::uint64_t upto);
  /// This subscriber has given everything before segment `upto` to the wire.
  void mark_sent(int subscriber, std::uint64_t upto);
  /// Carried bytes a second that the link takes; 0: not known yet.
  void set_rate(double bytes_per_s);
  /// wait_for_turn() waits for nothing: which segments are sent is up to the receiver.
  void let_run();
  /// nullptr: not packed yet, or released already.
  [[nodiscard]] source::PackedSegmentPtr at(std::uint64_t index) const;
  /// The first segment still held; all before it are released.
  [[nodiscard]] std::uint64_t base() const;
  /// Id of segment base()-1; zero while base() is 0.
  [[nodiscard]] Digest id_before_base() const;
  /// Set once finish() was called.
  [[nodiscard]] std::optional<Result<void>> result() const;
  void cancel();

 private:
  struct Subscriber {
    Wake wake;
    std::uint64_t released = 0;
    std::uint64_t sent = 0;
  };
  void drop_released();  // with the budget's mutex held
  [[nodiscard]] bool is_turn() const;
  void wake_all();

  std::shared_ptr<FeedBudget> budget_;  // its mutex guards everything below
  std::deque<source::PackedSegmentPtr> window_;
  std::size_t records_ = 0;  // of the window
  std::uint64_t base_ = 0;
  Digest id_before_base_;
  std::map<int, Subscriber> subscribers_;
  int next_subscriber_ = 1;
  std::optional<Result<void>> result_;
  bool cancelled_ = false;
  bool runs_free_ = false;
  double bytes_per_s_ = 0;
};

}  // namespace dcdn::session
