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

void Remaking::start(source::PackedSegmentPtr segment, std::vector<bool> needed) {
  if (!remaker_) {
    const SendSettings& settings = shared_.settings;
    remaker_ = std::make_shared<source::ChunkRemaker>(
        source::ChunkRemaker::Rules{object_.path, object_.kind, settings.walk.symlinks, settings.compress});
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (needed[i] && segment->chunks[i].carried.empty()) bytes += segment->chunks[i].record.content_size;
  due_bytes_ += bytes;
  shared_.difference_worker.post([this, alive = std::weak_ptr<bool>(alive_), remaker = remaker_,
                                  &shared = shared_, bytes, segment = std::move(segment),
                                  needed = std::move(needed)]() mutable {
    const auto stopped = [&alive] { return alive.expired(); };
    if (stopped()) return;
    auto made = remaker->remake(*segment, needed, shared.workers, shared.pool, stopped);
    asio::post(shared.executor,
               [this, alive, bytes, made = std::move(made), needed = std::move(needed)]() mutable {
                 if (alive.expired()) return;
                 due_bytes_ -= bytes;
                 take_(std::move(made), needed);
               });
  });
}

void Remaking::forget() {
  alive_ = std::make_shared<bool>(true);
  due_bytes_ = 0;
}

}  // namespace dcdn::session
