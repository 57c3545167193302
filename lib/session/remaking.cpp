#include "session/remaking.hpp"

#include <asio/post.hpp>
#include <utility>

namespace dcdn::session {

Remaking::Remaking(SendShared& shared, const SendObject& object, Take take)
    : shared_(shared), object_(object), take_(std::move(take)) {}

bool Remaking::is_due(const source::PackedSegment& segment, const std::vector<bool>& needed) {
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (needed[i] && segment.chunks[i].carried.empty()) return true;
  return false;
}

void Remaking::add(source::PackedSegmentPtr segment, std::vector<bool> needed) {
  Wanted wanted{std::move(segment), std::move(needed)};
  for (std::size_t i = 0; i < wanted.needed.size(); ++i)
    if (wanted.needed[i]) wanted.bytes += wanted.segment->chunks[i].record.content_size;
  waiting_.push_back(std::move(wanted));
  go_on();
}

void Remaking::go_on() {
  if (running_ || waiting_.empty()) return;
  if (made_bytes_ > 0 && made_bytes_ + waiting_.front().bytes > kSendWindowBytes) return;
  Wanted next = std::move(waiting_.front());
  waiting_.pop_front();
  start(std::move(next));
}

void Remaking::start(Wanted wanted) {
  if (!remaker_) {
    const SendSettings& settings = shared_.settings;
    remaker_ = std::make_shared<source::ChunkRemaker>(
        source::ChunkRemaker::Rules{object_.path, object_.kind, settings.walk.symlinks, settings.compress});
  }
  running_ = true;
  made_[wanted.segment->index] += wanted.bytes;
  made_bytes_ += wanted.bytes;
  shared_.difference_worker.post([this, alive = std::weak_ptr<bool>(alive_), remaker = remaker_,
                                  &shared = shared_, wanted = std::move(wanted)]() mutable {
    const auto stopped = [&alive] { return alive.expired(); };
    if (stopped()) return;
    auto made = remaker->remake(*wanted.segment, wanted.needed, shared.workers, shared.pool, stopped);
    asio::post(shared.executor,
               [this, alive, made = std::move(made), needed = std::move(wanted.needed)]() mutable {
                 if (alive.expired()) return;
                 running_ = false;
                 take_(std::move(made), needed);
               });
  });
}

void Remaking::stored(std::uint64_t upto) {
  while (!made_.empty() && made_.begin()->first < upto) {
    made_bytes_ -= made_.begin()->second;
    made_.erase(made_.begin());
  }
}

void Remaking::forget() {
  alive_ = std::make_shared<bool>(true);
  waiting_.clear();
  running_ = false;
  made_.clear();
  made_bytes_ = 0;
}

}  // namespace dcdn::session
