#include "session/object_transfer.hpp"

#include <algorithm>

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
      differences_(shared, object.number,
                   [this](std::vector<QueuedChunk> chunks) {
                     queue_.push(std::move(chunks));
                     wake_();
                   }),
      remaking_(shared, object,
                [this](Result<source::PackedSegmentPtr> segment, const std::vector<bool>& needed) {
                  remade(std::move(segment), needed);
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
  passing_.until = 0;
}

void ObjectTransfer::drop_feed() {
  queue_.clear();
  asked_.clear();
  differences_.forget();
  remaking_.forget();
  passing_.kept.clear();
  if (feed_) feed_->unsubscribe(subscriber_);
  feed_.reset();
  plan_.reset();
}

void ObjectTransfer::disconnected() {
  early_sent_.reset();
  queue_.clear();
  asked_.clear();
  differences_.forget();
  remaking_.forget();
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
  if (plan_) plan_->sizes.allow(largest_chunk);
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
  plan_ = hub_.start(object_, feed_, answer_, route_.path, route_.largest_chunk, passing_.read_all);
  tally_.passed = 0;
  const std::uint64_t base = passing_.kept.empty() ? feed_->base() : passing_.kept.first();
  const Digest before = passing_.kept.empty() ? feed_->id_before_base() : passing_.kept.id_before_first();
  if (answer_.segments_done < base) return restart();
  if (answer_.segments_done == base && answer_.last_segment != before) return restart();
  next_segment_ = base;
  // A pipe's earlier chain can only be ours if we still hold the segment that proves it.
  const bool provable = object_.rereadable() || answer_.segments_done == base ||
                        segment_at(answer_.segments_done - 1) != nullptr;
  passing_.until = provable ? answer_.segments_done : base;
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
  plan_ = hub_.start(object_, feed_, answer_, route_.path, route_.largest_chunk, passing_.read_all);
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

source::PackedSegmentPtr ObjectTransfer::segment_at(std::uint64_t index) const {
  const source::PackedSegmentPtr passed = passing_.kept.at(index);
  return passed ? passed : feed_->at(index);
}

// As far as the answer tells: a chain that goes another way somewhere has other ids from there on.
bool ObjectTransfer::is_of_answer(const source::PackedSegment& segment) const {
  if (segment.index >= passing_.until) return true;
  if (segment.index + 1 == passing_.until) return segment.id == answer_.last_segment;
  const auto mark = std::find_if(answer_.marks.begin(), answer_.marks.end(),
                                 [&](const auto& each) { return each.segment == segment.index; });
  return !segment.final && (mark == answer_.marks.end() || mark->id == segment.id);
}

// The receiver has segments [0, passing_.until): they are passed over, until one turns out not to be of its
// chain.
void ObjectTransfer::pass(const source::PackedSegmentPtr& segment) {
  if (segment->index >= tally_.counted_until) tally_.passed += segment->content_bytes;
  const bool last = segment->index + 1 == passing_.until;
  if (last) count_skipped(segment->index, std::exchange(tally_.passed, 0));
  if (!object_.rereadable()) return;
  if (Remaking::can_remake(object_) && !passing_.read_all && !last) passing_.kept.add(*segment);
  if (last) passing_.kept.clear();
  feed_->release(subscriber_, next_segment_);
}

// All of it is sent, and what was passed over as well: without its chunks, of which hardly any will be
// wanted.
Result<void> ObjectTransfer::leave_answer() {
  if (passing_.kept.empty() ? next_segment_ > 0 : passing_.kept.first() > 0) return restart();
  answer_.segments_done = 0;
  next_segment_ = 0;
  passing_.until = 0;
  tally_.passed = 0;
  object_id_.reset();
  return {};
}

Result<std::vector<Buffer>> ObjectTransfer::due_segments() {
  std::vector<Buffer> frames;
  if (phase_ != TransferPhase::running || !feed_) return frames;
  if (queue_.bytes() < kQueueAheadBytes && !differences_.busy()) remaking_.go_on();
  while (queue_.bytes() < kQueueAheadBytes && asked_.size() < kAskedAhead && !remaking_.busy()) {
    const source::PackedSegmentPtr segment = segment_at(next_segment_);
    if (!segment) break;
    if (!is_of_answer(*segment)) {
      DCDN_CHECK(leave_answer());
      continue;
    }
    ++next_segment_;
    if (segment->final) object_id_ = segment->id;
    const bool passed = segment->index < passing_.until;
    // Repeating the final segment lets a receiver that has everything say so again: its receipt may have been
    // lost.
    if (!passed || segment->final) frames.push_back(segment->frames);
    if (passed) {
      pass(segment);
    } else {
      enqueue(segment);
    }
  }
  mark_sent();
  if (const auto result = feed_->result(); result && !result->has_value() && !segment_at(next_segment_)) {
    const Error& why = result->error();
    if (why.code == Errc::changed && !passing_.read_all && hub_.uses_index(feed_)) {
      DCDN_CHECK(begin_again(why));
    } else if (queue_.empty() && !remaking_.busy()) {
      return why;
    }
  }
  return frames;
}

void ObjectTransfer::enqueue(const source::PackedSegmentPtr& segment) {
  if (answer_.ask) {
    if (!segment->chunks.empty()) asked_[segment->index] = segment;
    return;
  }
  std::uint64_t repeated = 0;
  std::vector<bool> needed(segment->chunks.size());
  for (std::size_t i = 0; i < needed.size(); ++i) {
    needed[i] = !segment->chunks[i].repeat;
    if (!needed[i]) repeated += segment->chunks[i].record.content_size;
  }
  count_skipped(segment->index, repeated);
  if (Remaking::is_due(*segment, needed)) {
    remaking_.add(segment, std::move(needed));
  } else {
    queue(segment, needed);
  }
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
  const bool due = Remaking::is_due(*segment, want.needed);
  if (due && !Remaking::can_remake(object_))
    return Error(Errc::corrupt, "the receiver wants a repeat of a ready stream");
  std::uint64_t there = 0;
  for (std::size_t i = 0; i < want.needed.size(); ++i)
    if (!want.needed[i]) there += segment->chunks[i].record.content_size;
  asked_.erase(it);
  count_skipped(want.segment, there);
  if (due) {
    remaking_.add(segment, want.needed);
  } else {
    give(segment, want.needed);
  }
  return {};
}

void ObjectTransfer::give(const source::PackedSegmentPtr& segment, const std::vector<bool>& needed) {
  if (!differences_.start(segment, needed)) queue(segment, needed);
}

void ObjectTransfer::queue(const source::PackedSegmentPtr& segment, const std::vector<bool>& needed) {
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (needed[i]) queue_.push(QueuedChunk{segment, i, {}});
}

// What has changed since it was passed over is in segments that the receiver has by now, and they cannot be
// taken back one by one; a new connection begins with an offer.
void ObjectTransfer::remade(Result<source::PackedSegmentPtr> segment, const std::vector<bool>& needed) {
  if (segment) return give(*segment, needed);
  if (const auto begun = begin_again(segment.error()); !begun) passing_.begin_again = begun.error();
}

Result<void> ObjectTransfer::begin_again(const Error& why) {
  hub_.drop_index(feed_);
  passing_.read_all = true;
  if (next_segment_ < passing_.until) return restart();  // nothing was sent yet
  drop_feed();
  passing_.begin_again =
      Error(Errc::temporary, why.message + "; its object begins again, and all of it is read");
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
  passing_.kept.release(stored.segments_done);
  remaking_.stored(stored.segments_done);
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
  hub_.delivered(object_, feed_, *object_id_);
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
  mark_sent();
}

void ObjectTransfer::mark_sent() {
  feed_->mark_sent(subscriber_, queue_.empty() ? next_segment_ : queue_.front().segment->index);
}

// Because none is packed, and not because the receiver says nothing.
bool ObjectTransfer::has_nothing_to_send() const {
  return phase_ == TransferPhase::running && queue_.empty() && asked_.empty() && !object_id_ &&
         segment_at(next_segment_) == nullptr;
}

void ObjectTransfer::requeue(const QueuedChunk& chunk) {
  // Of what the receiver has confirmed nothing is due, and after a disconnect everything is asked anew.
  if (phase_ != TransferPhase::running || !feed_ || chunk.segment->index < feed_->base()) return;
  queue_.push_front(chunk);
}

std::uint64_t ObjectTransfer::backlog_bytes() const {
  if (over()) return 0;
  const bool all_known = phase_ == TransferPhase::running && object_id_ && asked_.empty() &&
                         !differences_.busy() && !remaking_.busy();
  if (all_known) return queue_.bytes();
  if (!object_.bytes) return UINT64_MAX;
  return std::max<std::uint64_t>(queue_.bytes(), *object_.bytes - std::min(*object_.bytes, tally_.done));
}

void ObjectTransfer::measure(const pace::PathMeasure& path) {
  route_.path = path;
  if (!plan_ || !feed_) return;
  plan_->sizes.measure(path, shared_.limits.rate());
  plan_->rungs.measure(path.carried_bytes_per_s, shared_.limits.rate(), has_nothing_to_send());
  feed_->set_rate(path.carried_bytes_per_s);
}

}  // namespace dcdn::session
