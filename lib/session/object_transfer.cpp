#include "session/object_transfer.hpp"

#include "source/packed_segment.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::session {

namespace {
// How much an object may queue ahead of the wire: enough to keep it busy, little enough to stay fair and
// small.
constexpr std::size_t kQueueAheadBytes = 8u << 20;
constexpr std::size_t kAskedAhead = 64;  // segments sent whose Want is not here yet
}  // namespace

ObjectTransfer::ObjectTransfer(SendShared& shared, FeedHub& hub, const SendObject& object, Feed::Wake wake)
    : shared_(shared),
      hub_(hub),
      object_(object),
      wake_(std::move(wake)),
      differences_(shared, object.number, [this](std::vector<QueuedChunk> chunks) {
        queue_.push(std::move(chunks));
        wake_();
      }) {
  use_feed(hub_.shared_feed(object_));
}

ObjectTransfer::~ObjectTransfer() {
  drop_feed();
}

void ObjectTransfer::use_feed(std::shared_ptr<Feed> feed) {
  drop_feed();
  feed_ = std::move(feed);
  subscriber_ = feed_->subscribe(wake_);
  next_segment_ = 0;
  skip_until_ = 0;
}

void ObjectTransfer::drop_feed() {
  queue_.clear();
  asked_.clear();
  differences_.forget();
  if (feed_) feed_->unsubscribe(subscriber_);
  feed_.reset();
  sizer_.reset();
}

void ObjectTransfer::disconnected() {
  early_sent_.reset();
  queue_.clear();
  asked_.clear();
  differences_.forget();
  if (phase_ == TransferPhase::offered || phase_ == TransferPhase::running) phase_ = TransferPhase::waiting;
}

void ObjectTransfer::begin_early(const pace::PathMeasure& path) {
  (void)answered(message::Answer{}, path, kEarlyLargestChunk);  // nothing in it can be refused
  tally_.at_first.reset();
  early_sent_ = 0;
}

// What was sent already is what the receiver wants.
void ObjectTransfer::confirmed(const message::Answer& answer, std::uint32_t largest_chunk) {
  answer_ = answer;
  route_.largest_chunk = largest_chunk;
  if (sizer_) sizer_->allow(largest_chunk);
  if (!tally_.at_first) tally_.at_first = 0;
}

Result<void> ObjectTransfer::answered(const message::Answer& answer, const pace::PathMeasure& path,
                                      std::uint32_t largest_chunk) {
  if (std::exchange(early_sent_, std::nullopt)) {
    if (message::is_plain(answer)) {
      confirmed(answer, largest_chunk);
      return {};
    }
    object_id_.reset();
    tally_.counted_until = 0;
    use_feed(hub_.private_feed());
  }
  answer_ = answer;
  route_.path = path;
  route_.largest_chunk = largest_chunk;
  phase_ = TransferPhase::running;
  tally_.done = answer.bytes_done;
  if (!tally_.at_first) tally_.at_first = tally_.done;
  if (!feed_) use_feed(hub_.private_feed());
  sizer_ = hub_.start(object_, feed_, answer_, route_.path, route_.largest_chunk);
  const std::uint64_t base = feed_->base();
  if (answer_.segments_done < base) return restart();
  if (answer_.segments_done == base && answer_.last_segment != feed_->id_before_base()) return restart();
  next_segment_ = base;
  // A pipe's earlier chain can only be ours if we still hold the segment that proves it.
  const bool provable = object_.rereadable() || answer_.segments_done == base ||
                        feed_->at(answer_.segments_done - 1) != nullptr;
  skip_until_ = provable ? answer_.segments_done : base;
  if (!provable) answer_.ask = true;
  return {};
}

Result<void> ObjectTransfer::restart() {
  if (!object_.rereadable())
    return Error(Errc::incomplete, "the receiver no longer has what was sent of " + object_.name +
                                       ", and standard input cannot be read again");
  use_feed(hub_.private_feed());
  answer_.segments_done = 0;  // whether it asks stays the receiver's word: it would never ask otherwise
  object_id_.reset();
  sizer_ = hub_.start(object_, feed_, answer_, route_.path, route_.largest_chunk);
  return {};
}

Result<void> ObjectTransfer::leave_shared_feed() {
  if (!object_.rereadable() && phase_ != TransferPhase::done)
    return Error(Errc::incomplete,
                 "the destination fell behind, and standard input cannot be read again for it");
  drop_feed();
  return {};
}

// A connection that is lost makes the next one pass over what this session itself has sent: that was not
// there already.
void ObjectTransfer::count_skipped(std::uint64_t segment, std::uint64_t content) {
  if (segment < tally_.counted_until) return;
  tally_.counted_until = segment + 1;
  shared_.bytes_skipped += content;
}

Result<std::vector<Buffer>> ObjectTransfer::due_segments() {
  std::vector<Buffer> frames;
  if (phase_ != TransferPhase::running || !feed_) return frames;
  while (queue_.bytes() < kQueueAheadBytes && asked_.size() < kAskedAhead) {
    const source::PackedSegmentPtr segment = feed_->at(next_segment_);
    if (!segment) break;
    if (segment->index + 1 == skip_until_ && segment->id != answer_.last_segment) {
      DCDN_CHECK(restart());
      continue;
    }
    ++next_segment_;
    if (segment->final) object_id_ = segment->id;
    // The receiver has segments [0, skip_until_): they are passed over, but the last of them must be the very
    // one it named.
    const bool passed = segment->index < skip_until_;
    if (passed) count_skipped(segment->index, segment->content_bytes);
    // Repeating the final segment lets a receiver that has everything say so again: its receipt may have been
    // lost.
    if (!passed || segment->final) frames.push_back(segment->frames);
    if (passed && object_.rereadable()) feed_->release(subscriber_, next_segment_);
    if (!passed) enqueue(segment);
  }
  if (const auto result = feed_->result(); result && !result->has_value() && !feed_->at(next_segment_)) {
    if (queue_.empty()) return result->error();
  }
  return frames;
}

void ObjectTransfer::enqueue(const source::PackedSegmentPtr& segment) {
  if (answer_.ask) {
    if (!segment->chunks.empty()) asked_[segment->index] = segment;
    return;
  }
  std::uint64_t repeated = 0;
  for (std::size_t i = 0; i < segment->chunks.size(); ++i) {
    if (segment->chunks[i].repeat)
      repeated += segment->chunks[i].record.content_size;
    else
      queue_.push(QueuedChunk{segment, i, {}});
  }
  count_skipped(segment->index, repeated);
}

Result<void> ObjectTransfer::wanted(const message::Want& want) {
  const auto it = asked_.find(want.segment);
  if (it == asked_.end()) {  // of an earlier turn, or differences did not fit
    queue_.push(differences_.again(want));
    return {};
  }
  const source::PackedSegmentPtr segment = it->second;
  if (want.needed.size() != segment->chunks.size())
    return Error(Errc::corrupt, "the receiver wants chunks of a segment that has others");
  std::vector<QueuedChunk> chunks;
  std::uint64_t there = 0;
  for (std::size_t i = 0; i < want.needed.size(); ++i) {
    if (!want.needed[i]) {
      there += segment->chunks[i].record.content_size;
      continue;
    }
    if (segment->chunks[i].carried.empty())
      return Error(Errc::corrupt, "the receiver wants a repeat of a ready stream");
    chunks.push_back({segment, i, {}});
  }
  asked_.erase(it);
  count_skipped(want.segment, there);
  if (!differences_.start(segment, want.needed)) queue_.push(std::move(chunks));
  return {};
}

// Only of segments whose want is due: that bounds how many are held, and how many chunks they have.
Result<void> ObjectTransfer::told(const message::Compare& compare) {
  return asked_.contains(compare.segment) ? differences_.take(compare) : Result<void>();
}

Result<void> ObjectTransfer::stored(const message::Stored& stored) {
  if (stored.segments_done > next_segment_) return {};  // of the chain before a restart
  tally_.done = stored.bytes_done;
  differences_.stored(stored.segments_done);
  if (feed_) feed_->release(subscriber_, stored.segments_done);
  return {};
}

Result<bool> ObjectTransfer::received(const wire::Receipt& receipt, const NodeId& receiver) {
  DCDN_CHECK(wire::verify_receipt(receipt));
  if (receipt.receiver != receiver || receipt.sender != shared_.key.id())
    return Error(Errc::bad_signature,
                 "the receipt for " + object_.name + " names other keys than this session's");
  if (!object_id_) return false;
  if (receipt.object != *object_id_)
    return Error(Errc::bad_signature, "the receipt for " + object_.name + " is for another object");
  phase_ = TransferPhase::done;
  tally_.done = receipt.bytes;
  drop_feed();
  return true;
}

void ObjectTransfer::fail(Error error) {
  error_ = std::move(error);
  phase_ = TransferPhase::failed;
  early_sent_.reset();
  drop_feed();
}

void ObjectTransfer::pop_chunk() {
  if (early_sent_) *early_sent_ += queue_.front().bytes();
  queue_.pop();
}

void ObjectTransfer::requeue(const QueuedChunk& chunk) {
  // Of what the receiver has confirmed nothing is due, and after a disconnect everything is asked anew.
  if (phase_ != TransferPhase::running || !feed_ || chunk.segment->index < feed_->base()) return;
  queue_.push_front(chunk);
}

std::uint64_t ObjectTransfer::backlog_bytes() const {
  if (over()) return 0;
  const bool all_known =
      phase_ == TransferPhase::running && object_id_ && asked_.empty() && !differences_.busy();
  if (all_known) return queue_.bytes();
  if (!object_.bytes) return UINT64_MAX;
  return std::max<std::uint64_t>(queue_.bytes(), *object_.bytes - std::min(*object_.bytes, tally_.done));
}

void ObjectTransfer::measure(const pace::PathMeasure& path) {
  route_.path = path;
  if (sizer_) sizer_->measure(path, shared_.limits.rate());
}

}  // namespace dcdn::session
