#include "session/feed.hpp"

#include <algorithm>

namespace dcdn::session {

namespace {

// A resumed sender passes many segments whose chunks are not needed; a receiver that writes a pipe keeps
// their records, of which those of tiny files have many for few bytes.
constexpr std::size_t kMaxSegmentsHeld = 512;
constexpr double kAheadSeconds = 2;  // of the link
constexpr std::size_t kMaxRecordsHeld = std::size_t{1} << 19;

std::size_t held_bytes(const source::PackedSegment& segment) {
  std::size_t bytes = segment.frames.size();
  for (const source::SegmentChunk& chunk : segment.chunks) bytes += chunk.carried.size();
  return bytes;
}

}  // namespace

Feed::~Feed() {
  std::lock_guard lock(budget_->mutex);
  for (const auto& segment : window_) budget_->held -= held_bytes(*segment);
  budget_->changed.notify_all();
}

bool Feed::push(source::PackedSegment segment) {
  const std::size_t bytes = held_bytes(segment);
  {
    std::unique_lock lock(budget_->mutex);
    budget_->changed.wait(lock, [&] {
      const bool room = budget_->held + bytes <= budget_->limit && window_.size() < kMaxSegmentsHeld &&
                        records_ + segment.records <= kMaxRecordsHeld;
      return cancelled_ || window_.empty() || room;
    });
    if (cancelled_) return false;
    budget_->held += bytes;
    records_ += segment.records;
    window_.push_back(std::make_shared<const source::PackedSegment>(std::move(segment)));
  }
  wake_all();
  return true;
}

void Feed::finish(Result<void> result) {
  {
    std::lock_guard lock(budget_->mutex);
    result_ = std::move(result);
  }
  wake_all();
}

bool Feed::cancelled() const {
  std::lock_guard lock(budget_->mutex);
  return cancelled_;
}

void Feed::wake_all() {
  std::vector<Wake> wakes;
  {
    std::lock_guard lock(budget_->mutex);
    for (const auto& [id, subscriber] : subscribers_) wakes.push_back(subscriber.wake);
  }
  for (const Wake& wake : wakes) wake();
}

// The one that is ahead counts: whoever is behind waits for nothing that is made now.
bool Feed::is_turn() const {
  if (cancelled_ || runs_free_) return true;
  std::uint64_t sent = base_;
  for (const auto& [id, subscriber] : subscribers_) sent = std::max(sent, subscriber.sent);
  const std::uint64_t pushed = base_ + window_.size();
  if (sent >= pushed) return true;
  if (bytes_per_s_ <= 0) return false;
  if (pushed - sent == 1) return true;
  double unsent = 0;
  for (std::uint64_t index = sent; index < pushed; ++index)
    unsent += static_cast<double>(held_bytes(*window_[static_cast<std::size_t>(index - base_)]));
  return unsent <= kAheadSeconds * bytes_per_s_;
}

void Feed::wait_for_turn() {
  std::unique_lock lock(budget_->mutex);
  budget_->changed.wait(lock, [this] { return is_turn(); });
}

void Feed::mark_sent(int subscriber, std::uint64_t upto) {
  const std::lock_guard lock(budget_->mutex);
  const auto it = subscribers_.find(subscriber);
  if (it == subscribers_.end() || it->second.sent >= upto) return;
  it->second.sent = upto;
  budget_->changed.notify_all();
}

void Feed::set_rate(double bytes_per_s) {
  const std::lock_guard lock(budget_->mutex);
  bytes_per_s_ = bytes_per_s;
  budget_->changed.notify_all();
}

void Feed::let_run() {
  const std::lock_guard lock(budget_->mutex);
  runs_free_ = true;
  budget_->changed.notify_all();
}

int Feed::subscribe(Wake wake) {
  std::lock_guard lock(budget_->mutex);
  subscribers_[next_subscriber_] = Subscriber{std::move(wake), base_, base_};
  return next_subscriber_++;
}

void Feed::unsubscribe(int subscriber) {
  std::lock_guard lock(budget_->mutex);
  subscribers_.erase(subscriber);
  if (subscribers_.empty()) {
    cancelled_ = true;
    for (const auto& segment : window_) budget_->held -= held_bytes(*segment);
    window_.clear();
    records_ = 0;
  }
  drop_released();
  budget_->changed.notify_all();
}

void Feed::release(int subscriber, std::uint64_t upto) {
  std::lock_guard lock(budget_->mutex);
  auto it = subscribers_.find(subscriber);
  if (it == subscribers_.end()) return;
  it->second.released = std::max(it->second.released, upto);
  drop_released();
}

void Feed::drop_released() {
  if (subscribers_.empty()) return;
  std::uint64_t lowest = subscribers_.begin()->second.released;
  for (const auto& [id, subscriber] : subscribers_) lowest = std::min(lowest, subscriber.released);
  // The final segment stays until nobody is left: repeating it lets a receiver that was killed between the
  // last chunk and its receipt finish.
  while (base_ < lowest && !window_.empty() && !window_.front()->final) {
    id_before_base_ = window_.front()->id;
    budget_->held -= held_bytes(*window_.front());
    records_ -= window_.front()->records;
    window_.pop_front();
    ++base_;
  }
  budget_->changed.notify_all();
}

source::PackedSegmentPtr Feed::at(std::uint64_t index) const {
  std::lock_guard lock(budget_->mutex);
  if (index < base_ || index - base_ >= window_.size()) return nullptr;
  return window_[static_cast<std::size_t>(index - base_)];
}

std::uint64_t Feed::base() const {
  std::lock_guard lock(budget_->mutex);
  return base_;
}

Digest Feed::id_before_base() const {
  std::lock_guard lock(budget_->mutex);
  return id_before_base_;
}

std::optional<Result<void>> Feed::result() const {
  std::lock_guard lock(budget_->mutex);
  return result_;
}

void Feed::cancel() {
  std::lock_guard lock(budget_->mutex);
  cancelled_ = true;
  budget_->changed.notify_all();
}

}  // namespace dcdn::session
